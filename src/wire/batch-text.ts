import { TallyrootError } from "../core/errors.ts";

/**
 * The text of a batch, taken apart without parsing it in one go: eight megabytes of JSON would hold up everything else for tens of
 * milliseconds. Here only brackets, commas and strings are looked at; each part is JSON for itself, and is parsed by itself.
 */
export type BatchText = {
  /** The texts of the elements of `deltas`; undefined where there is no such member, or it is no array. */
  deltas: string[] | undefined;
  /** The texts of all members but `deltas`, by name. */
  others: Map<string, string>;
};

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Characters that are looked at before giving way. */
const STEP = 64 * 1024;

/**
 * Takes the text apart in steps: a generator that yields now and then, so that its driver can give way to other work.
 *
 * @param mostDeltas elements of `deltas` at most.
 * @returns texts that may still not be JSON; whoever parses them finds out.
 * @throws TallyrootError VALIDATION_ERROR for text that is no JSON object, for a member given twice, and for too many deltas.
 */
export function* splitBatch(text: string, mostDeltas: number): Generator<void, BatchText> {
  let at = 0;
  let pauseAt = STEP;
  let deltas: string[] | undefined;
  const others = new Map<string, string>();
  let hasDeltas = false;

  const skipSpace = () => {
    while (/[ \t\r\n]/.test(text[at] ?? "")) at++;
  };
  const take = (code: number) => {
    if (text.charCodeAt(at) !== code) return false;
    at++;
    return true;
  };
  const expect = (code: number) => {
    skipSpace();
    if (!take(code)) throw notJson(text, at);
  };
  /** Moves behind a string whose opening quote is at `at`. */
  const passString = () => {
    for (;;) {
      at = text.indexOf('"', at + 1);
      if (at < 0) throw notJson(text, text.length);
      let slashes = 0;
      while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
      at++;
      if (slashes % 2 === 0) return;
      at--;
    }
  };
  /** Moves to the comma or bracket behind a value, and gives the value's text. */
  function* value(): Generator<void, string> {
    skipSpace();
    const start = at;
    for (let depth = 0; at < text.length; ) {
      if (at >= pauseAt) {
        pauseAt = at + STEP;
        yield;
      }
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        passString();
        continue;
      }
      const closes = code === CLOSE_ARRAY || code === CLOSE_OBJECT;
      if (depth === 0 && (closes || code === COMMA)) break;
      if (code === OPEN_ARRAY || code === OPEN_OBJECT) depth++;
      else if (closes) depth--;
      at++;
    }
    const found = text.slice(start, at).trimEnd();
    if (found === "") throw notJson(text, at);
    return found;
  }
  function* elements(): Generator<void, string[]> {
    const found: string[] = [];
    skipSpace();
    if (take(CLOSE_ARRAY)) return found;
    do {
      if (found.length === mostDeltas) throw new TallyrootError("VALIDATION_ERROR", `deltas: more than ${mostDeltas}`, { limit: mostDeltas });
      found.push(yield* value());
    } while (take(COMMA));
    expect(CLOSE_ARRAY);
    return found;
  }

  skipSpace();
  if (text.charCodeAt(at) !== OPEN_OBJECT) throw new TallyrootError("VALIDATION_ERROR", "the body must be a JSON object with deltas");
  at++;
  skipSpace();
  if (!take(CLOSE_OBJECT)) {
    do {
      skipSpace();
      const start = at;
      if (text.charCodeAt(at) !== QUOTE) throw notJson(text, at);
      passString();
      const name = nameOf(text.slice(start, at));
      if (others.has(name) || (hasDeltas && name === "deltas")) throw new TallyrootError("VALIDATION_ERROR", `${name}: given more than once`);
      expect(COLON);
      skipSpace();
      if (name === "deltas") {
        hasDeltas = true;
        if (take(OPEN_ARRAY)) deltas = yield* elements();
        else yield* value();
        skipSpace();
      } else others.set(name, yield* value());
    } while (take(COMMA));
    expect(CLOSE_OBJECT);
  }
  skipSpace();
  if (at < text.length) throw notJson(text, at);
  return { deltas, others };
}

function nameOf(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new TallyrootError("VALIDATION_ERROR", `the body is not JSON: ${error.message}`);
  }
}

function notJson(text: string, at: number): TallyrootError {
  const what = at >= text.length ? "it ends too early" : `unexpected ${JSON.stringify(text.slice(at, at + 10))} at position ${at}`;
  return new TallyrootError("VALIDATION_ERROR", `the body is not JSON: ${what}`);
}
