import { sameBytes } from "../bytes.ts";
import type { CheckpointStatement, HeadStatement, LeftOut, Statements } from "./statement.ts";

/** The anchors that statements say they are in, each once and in order. */
export function anchorIndexes({ heads, checkpoints }: Statements): bigint[] {
  const indexes = new Set([...heads, ...checkpoints].map(({ index }) => index));
  return [...indexes].sort((a, b) => (a < b ? -1 : 1));
}

/**
 * The statements whose anchored root is the one that the contract holds; the others are left out by name. A file that was made up must
 * not stand in the way of the evidence of others.
 *
 * @param roots what the contract holds at each of `anchorIndexes`; undefined for nothing.
 */
export function anchoredStatements(all: Statements, roots: ReadonlyMap<bigint, Uint8Array | undefined>): Statements {
  const leftOut: LeftOut[] = [];
  const isHeld = ({ index, anchoredRoot }: HeadStatement | CheckpointStatement) => {
    const root = roots.get(index);
    return root !== undefined && sameBytes(root, anchoredRoot);
  };
  for (const one of [...all.heads, ...all.checkpoints]) {
    if (isHeld(one)) continue;
    const failure = roots.get(one.index) ? "ROOT_MISMATCH" : "LOG_UNKNOWN";
    const detail = roots.get(one.index)
      ? `the contract holds another root at index ${one.index}`
      : `the log has nothing at index ${one.index}`;
    leftOut.push({ source: one.source, what: `the ${one.kind}`, failure, detail });
  }
  const madeUp = new Set(leftOut.map(({ source }) => source));
  return {
    heads: all.heads.filter(isHeld),
    checkpoints: all.checkpoints.filter(isHeld),
    deltas: all.deltas.filter(({ through }) => isHeld(through)),
    unjudged: all.unjudged.filter(({ sources }) => !sources.some((source) => madeUp.has(source))),
    leftOut: [...all.leftOut, ...leftOut],
  };
}
