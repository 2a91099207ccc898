import { TallyrootError } from "../core/errors.ts";

/** One line: its text, or why it has none. */
export type Line = string | TallyrootError;

const LINE_END = 0x0a;
const BYTE_ORDER_MARK = "\ufeff";
/** What JSON takes for space (RFC 8259 §2): a line of nothing else is no line. */
const BLANK = /^[ \t\r]*$/;

// Byte order marks are kept: where a text begins is decided here, not by where a chunk happens to begin.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The lines of NDJSON bytes that come in chunks, cut anywhere, also within a character. Lines are given on as soon as they are complete, as
 * many together as have come; blank ones are left out.
 *
 * A line that is not UTF-8, or longer than it may be, is one bad line: it does not end the others. No more than one chunk and one
 * line are in memory.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  { lineBytes }: { lineBytes: number },
): AsyncGenerator<Line[]> {
  /** The pieces of a line whose end has not come; undefined when it is too long already and only its end is looked for. */
  let open: Uint8Array[] | undefined = [];
  let openBytes = 0;
  let isFirst = true;

  const firstOf = (lines: Line[]): Line[] => {
    if (isFirst && typeof lines[0] === "string" && lines[0].startsWith(BYTE_ORDER_MARK)) lines[0] = lines[0].slice(1);
    isFirst &&= lines.length === 0;
    return lines.filter((line) => typeof line !== "string" || !BLANK.test(line));
  };

  for await (const chunk of chunks) {
    const lines: Line[] = [];
    const end = chunk.indexOf(LINE_END);
    const lastEnd = chunk.lastIndexOf(LINE_END);
    const head = end < 0 ? chunk : chunk.subarray(0, end);
    openBytes += head.length;
    if (openBytes > lineBytes) open = undefined;
    open?.push(head);
    if (end < 0) continue;
    lines.push(open ? textOf(Buffer.concat(open)) : tooLong(lineBytes));
    if (lastEnd > end) lines.push(...textsOf(chunk.subarray(end + 1, lastEnd), lineBytes));
    const tail = chunk.subarray(lastEnd + 1);
    openBytes = tail.length;
    open = openBytes > lineBytes ? undefined : [tail];
    const given = firstOf(lines);
    if (given.length > 0) yield given;
  }
  const rest = firstOf([open ? textOf(Buffer.concat(open)) : tooLong(lineBytes)]);
  if (rest.length > 0) yield rest;
}

/** The lines of bytes that end where a line ends. Decoded in one go, for that is much faster; each by itself where something is wrong. */
function textsOf(bytes: Uint8Array, lineBytes: number): Line[] {
  const all = textOf(bytes);
  if (typeof all === "string" && bytes.length <= lineBytes) return all.split("\n");
  const lines: Line[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(LINE_END, start);
    const end = found < 0 ? bytes.length : found;
    lines.push(end - start > lineBytes ? tooLong(lineBytes) : textOf(bytes.subarray(start, end)));
    start = end + 1;
  }
  return lines;
}

function textOf(bytes: Uint8Array): Line {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new TallyrootError("VALIDATION_ERROR", "the line is not UTF-8");
  }
}

function tooLong(lineBytes: number): TallyrootError {
  return new TallyrootError("VALIDATION_ERROR", `the line is longer than ${lineBytes} bytes`);
}
