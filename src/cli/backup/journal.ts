import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { JOURNAL } from "../../bundle/chain-journal.ts";
import { type FileNote, openLines } from "../../bundle/lines.ts";
import { decodeJournal } from "../../chain/embedded/journal-format.ts";

/**
 * Copies an embedded chain's journal as it was at the moment of a record's copy.
 *
 * Every transaction is in the record before it is sent, so at that moment the chain had no transaction of this publisher's that the
 * copy does not know. It ends where it ended before the copy was begun, or with the last block that has a transaction of the copy's,
 * whichever is later: with an earlier end the copy would speak of blocks that are not there, with a later one the chain would
 * have anchors that the copy does not know, and no server would start on it.
 *
 * @param before the journal's length before the record was copied.
 * @param known the copy's signed transactions, as 0x hex.
 * @returns null where there is no embedded chain.
 */
export function copyJournal(
  dataDir: string,
  { path, file, before, known }: { path: string; file: string; before: number; known: ReadonlySet<string> },
): FileNote | null {
  const from = join(dataDir, JOURNAL);
  if (!existsSync(from)) return null;
  const bytes = readFileSync(from);
  const { blocks } = decodeJournal(bytes);
  // The header's line, then one for each block.
  const ends = lineEnds(bytes);
  const lastKnown = blocks.findLastIndex(({ transactions }) =>
    transactions.some((raw) => known.has(raw.toLowerCase())),
  );
  const lastBefore = ends.findLastIndex((end) => end <= before);
  const end = ends[Math.max(lastKnown + 1, lastBefore)]!;
  const lines = openLines(path);
  try {
    lines.writeBytes(bytes.subarray(0, end));
    return { file, ...lines.end() };
  } finally {
    lines.close();
  }
}

/** After which byte each whole line ends. */
function lineEnds(bytes: Buffer): number[] {
  const ends: number[] = [];
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) ends.push(at + 1);
  return ends;
}
