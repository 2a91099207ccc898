import { TallyrootError } from "../core/errors.ts";
import type { Steps } from "../core/steps.ts";
import { parseJson } from "./json.ts";

/** Characters that are scanned, and about as many that are parsed, between two yields. */
const PIECE = 16 * 1024;
/** Characters of one element of a list at most, and of everything that is not in a list: each is parsed in one go. */
const LARGEST_ELEMENT = 256 * 1024;
const LARGEST_FRAME = 64 * 1024;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Parses a large JSON object in steps: the result is that of `parseJson`, and what `parseJson` refuses is refused.
 *
 * The lists that are members of the outermost object are cut between their elements, and the pieces are parsed one by one; what is
 * left, the frame, is parsed with a place-holder for each list. The scan knows texts and brackets only: where the text is
 * malformed, a piece or the frame is. Most lists are of objects, and most of those can be cut without a scan: see `likelyEnd`.
 *
 * @throws TallyrootError VALIDATION_ERROR for malformed text; BODY_TOO_LARGE for one element, or a frame, that alone is large.
 */
export function* parsingJson(text: string): Steps<unknown> {
  const open = text.search(/[^ \t\r\n]/);
  if (text.length <= PIECE || text.charCodeAt(open) !== OPEN_OBJECT) {
    if (text.length > LARGEST_FRAME) throw tooLarge("what is outside of its lists", LARGEST_FRAME);
    return parseJson(text);
  }
  const lists: unknown[][] = [];
  let frame = "";
  let framed = 0;
  for (let at = open + 1, depth = 1, rested = 0; at < text.length; at++) {
    if (frame.length + at - framed > LARGEST_FRAME) throw tooLarge("what is outside of its lists", LARGEST_FRAME);
    if (at - rested > PIECE) {
      rested = at;
      yield;
    }
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfText(text, at);
    else if (character === OPEN_LIST && depth === 1) {
      frame += `${text.slice(framed, at)}[${lists.length}]`;
      const { list, end } = yield* parsingList(text, at);
      lists.push(list);
      at = end;
      framed = end + 1;
    } else depth += nesting(character);
  }
  frame += text.slice(framed);
  if (frame.length > LARGEST_FRAME) throw tooLarge("what is outside of its lists", LARGEST_FRAME);
  return withLists(parseJson(frame) as object, lists);
}

/** The list that opens at a place, and where it closes. */
function* parsingList(text: string, open: number): Steps<{ list: unknown[]; end: number }> {
  const list: unknown[] = [];
  let from = open + 1;
  const take = (to: number, isWhole: boolean) => {
    const elements = parseJson(`[${text.slice(from, to)}]`) as unknown[];
    if (elements.length === 0 && !isWhole)
      throw new TallyrootError("VALIDATION_ERROR", "the body is not JSON: a comma in a list has no element beside it");
    for (const element of elements) list.push(element);
  };
  for (let end = likelyEnd(text, from); end !== -1; end = likelyEnd(text, from)) {
    const elements = elementsIn(text.slice(from, end));
    if (!elements) break;
    for (const element of elements) list.push(element);
    from = end + 1;
    yield;
  }
  for (let at = from, depth = 0, rested = from; at < text.length; at++) {
    if (at - from > LARGEST_ELEMENT) throw tooLarge("one element of a list", LARGEST_ELEMENT);
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfText(text, at);
    else if (depth > 0) depth += nesting(character);
    else if (character === CLOSE_LIST) {
      take(at, list.length === 0);
      return { list, end: at };
    } else if (character === COMMA && at - from >= PIECE) {
      take(at, false);
      from = at + 1;
    } else depth += Math.max(0, nesting(character));
    if (at - rested > PIECE) {
      rested = at;
      yield;
    }
  }
  throw new TallyrootError("VALIDATION_ERROR", "the body is not JSON: a list is not closed");
}

/**
 * A comma after an object, a piece further on, which is likely to stand between two elements of a list; -1 where there is none nearby.
 *
 * It does where what comes before it is JSON with brackets around it, beginning where an element begins: the texts and brackets in there
 * are all closed then, and no bracket closes the list. Otherwise it stands in a text, within an element, or after the list.
 */
function likelyEnd(text: string, from: number): number {
  const end = text.indexOf("},", from + PIECE);
  return end === -1 || end - from > 2 * PIECE ? -1 : end + 1;
}

/** The elements of a list whose text this is, without the brackets; undefined where it is none. */
function elementsIn(text: string): unknown[] | undefined {
  try {
    return parseJson(`[${text}]`) as unknown[];
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return undefined;
  }
}

function nesting(character: number): number {
  if (character === OPEN_LIST || character === OPEN_OBJECT) return 1;
  return character === CLOSE_LIST || character === CLOSE_OBJECT ? -1 : 0;
}

/** Where the text that opens at a place closes; beyond the end where it does not. */
function endOfText(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}

/** Puts the lists where their place-holders are. No other member of the frame is a list. */
function withLists(frame: object, lists: readonly unknown[][]): unknown {
  // fromEntries defines own properties, so a member called __proto__ stays data.
  return Object.fromEntries(
    Object.entries(frame).map(([name, member]) => [name, Array.isArray(member) ? lists[member[0]] : member]),
  );
}

function tooLarge(what: string, characters: number): TallyrootError {
  return new TallyrootError("BODY_TOO_LARGE", `${what} is larger than ${characters} characters`, { characters });
}
