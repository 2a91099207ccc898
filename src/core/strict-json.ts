/** The largest evidence file that is read, in bytes: 64 MiB. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** How deep objects and lists may nest in a file; the outermost is the first level. */
export const MAX_FILE_DEPTH = 64;

/** Bytes that are not one JSON text as FORMAT.md takes it; the message says why. */
export class JsonTextError extends Error {
  override readonly name = "JsonTextError";
}

// Kept, a byte order mark is a character that JSON has no place for.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The JSON value of a file's bytes: UTF-8 without a byte order mark, RFC 8259, every object's names different (RFC 7493 §2.3).
 *
 * `JSON.parse` alone lets the last of two members of one name win. Another reader takes the first, and one file would say two things.
 *
 * @throws JsonTextError for anything else, for more than `MAX_FILE_BYTES`, and for more levels than `MAX_FILE_DEPTH`.
 * @see FORMAT.md, section "The text of a file"
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_FILE_BYTES) throw new JsonTextError(`the file has more than ${MAX_FILE_BYTES} bytes`);
  const text = textOf(bytes);
  if (text.startsWith("\ufeff")) throw new JsonTextError("the file begins with a byte order mark");
  try {
    refuseDepthAndDuplicates(text);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new JsonTextError(`the file is not JSON: ${error.message}`);
    throw error;
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new JsonTextError("the file is not UTF-8");
    throw error;
  }
}

/**
 * Looks at nothing but texts, brackets and commas, so it is right for JSON only; what is no JSON is left to the parser. It keeps its
 * own stack: depth costs memory of the heap, never of the call stack.
 *
 * @throws JsonTextError; SyntaxError for a name with an escape that JSON does not have.
 */
function refuseDepthAndDuplicates(text: string): void {
  // The names seen in each open object; undefined for a list.
  const open: (Set<string> | undefined)[] = [];
  let nameIsNext = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"': {
        const end = endOfText(text, at);
        if (nameIsNext) add(open.at(-1)!, text.slice(at, end + 1));
        nameIsNext = false;
        at = end;
        break;
      }
      case ",":
        nameIsNext = open.at(-1) !== undefined;
        break;
      case "{":
      case "[":
        if (open.length === MAX_FILE_DEPTH)
          throw new JsonTextError(`the file nests deeper than ${MAX_FILE_DEPTH} levels`);
        nameIsNext = text[at] === "{";
        open.push(nameIsNext ? new Set() : undefined);
        break;
      case "}":
      case "]":
        nameIsNext = false;
        open.pop();
        break;
    }
  }
}

/** Adds a name as it is written, with its quotes; two spellings of one name are one name. */
function add(names: Set<string>, written: string): void {
  const name: string = written.includes("\\") ? JSON.parse(written) : written.slice(1, -1);
  if (names.has(name)) throw new JsonTextError(`the file has two members named ${JSON.stringify(name)} in one object`);
  names.add(name);
}

/** Where the text that opens at `start` closes: at the next quote before which the backslashes are even; the end if there is none. */
function endOfText(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
