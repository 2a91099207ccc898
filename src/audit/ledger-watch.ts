import type { KeyObject } from "node:crypto";
import { sameBytes, toHex } from "../core/bytes.ts";
import { rootOf } from "../core/tree.ts";
import { deriveDelta, NOTHING, type Problem, type Reached } from "./delta.ts";
import { type LedgersSeen, noteContent } from "./deltas-seen.ts";
import { exactAmount } from "./exact-amount.ts";
import type { Findings } from "./findings.ts";
import { auditKeys, type Namespaces } from "./keys.ts";
import type { AuditStore, DeltaKey, DeltaRow, Entry, HeadKey, KeyIndex, LeafRow, LedgerRow } from "./port.ts";
import { damage } from "./row-problem.ts";
import { type WindowWatch, watchWindows } from "./windows.ts";

export type LedgerParts = {
  store: AuditStore;
  master: KeyObject | undefined;
  findings: Findings;
  namespaces: Namespaces;
  /** Of each anchor, from the first: the number of arrival up to which it had looked. */
  throughs: readonly number[];
  indexedThrough: Readonly<Record<KeyIndex, number>>;
  /** Told how many deltas have been looked at, and waited for: the time for signals, scrapes and a bar. */
  onProgress?: ((deltas: number) => void | Promise<void>) | undefined;
};

export type HeadEntry = Entry<HeadKey, LeafRow>;
type DeltaEntry = Entry<DeltaKey, DeltaRow>;

/** Looks at one ledger while its deltas and heads go by in order. */
export type LedgerWatch = Awaited<ReturnType<typeof watchLedger>>;

export async function watchLedger(parts: LedgerParts, seen: LedgersSeen, ledger: LedgerRow) {
  const { findings, namespaces, throughs } = parts;
  const address = toHex(ledger.address);
  const keys = await auditKeys(parts, ledger, namespaces.get(ledger.tenant));
  const windows = await watchedWindows(parts, ledger, address);
  let reached: Reached = NOTHING;
  /** Set at the first wrong delta: nothing after it can be judged. */
  let left = false;
  let lastHead: HeadKey | undefined;
  /** How many anchors had not looked at the delta in question yet, and of which of them that was said already. */
  let anchors = 0;
  let uncoveredIn = -1;
  windows?.stands(reached);

  function leave(sequence: number, problem: Problem): void {
    left = true;
    findings.add({ ...problem, table: "deltas", row: { ledger: address, sequence } });
  }

  /** What is wrong with the next delta before its fields are looked at, and which sequence that is about. */
  function placeProblem({ key: { sequence }, row, ...rest }: DeltaEntry): (Problem & { at: number }) | undefined {
    const expected = reached.frontier.count + 1;
    if (sequence > expected)
      return { at: expected, code: "DELTA_MISSING", problem: `the next that is there is ${sequence}` };
    if (sequence < expected)
      return { at: sequence, code: "SEQUENCE_REPEATED", problem: "sequences are 1, 2, 3 … each once" };
    if (!row) return { at: sequence, ...damage(rest) };
    if (row.ledger === ledger.id && row.sequence === sequence) return undefined;
    const problem = `the row that the index finds says ledger number ${row.ledger}, sequence ${row.sequence}`;
    return { at: sequence, code: "INDEX_WRONG", problem };
  }

  /** Whether the anchors that had looked at a delta have a head that covers it. */
  function reportUncovered({ arrival, sequence }: DeltaRow, next: HeadEntry | undefined): void {
    // Without an order of arrival, a ledger's own count says what was looked at.
    if (arrival === undefined) return;
    while (anchors < throughs.length && throughs[anchors]! < arrival) anchors += 1;
    if (anchors === throughs.length) return;
    if (next?.key.ledger === ledger.id && next.key.anchor <= anchors + 1) return;
    if (uncoveredIn === anchors) return;
    uncoveredIn = anchors;
    const problem = `anchor ${anchors + 1} had looked at it, but no head up to there covers it`;
    findings.add({ code: "HEAD_MISSING", table: "deltas", row: { ledger: address, sequence }, problem });
  }

  function headProblem({ key, row, ...rest }: HeadEntry, before: HeadKey | undefined): Problem | undefined {
    if (before && (before.count === key.count || before.anchor >= key.anchor)) {
      const problem = `count ${before.count} was anchored in anchor ${before.anchor} already`;
      return { code: "HEAD_REPEATED", problem };
    }
    if (!row) return damage(rest);
    const wrong = (problem: string): Problem => ({ code: "HEAD_WRONG", problem });
    if (row.ledger !== key.ledger || row.count !== key.count)
      return { code: "INDEX_WRONG", problem: `the row that the index finds says count ${row.count}` };
    if (key.count !== reached.frontier.count || key.count === 0) return wrong("no ledger has such a count");
    if (exactAmount(row.balance) !== reached.balance) return wrong("the balance is not the one at its count");
    return sameBytes(rootOf(reached.frontier), row.root) ? undefined : wrong("the root is not the one at its count");
  }

  function reportHead({ anchor, position, count }: HeadKey, problem: Problem): void {
    findings.add({ ...problem, table: "anchor_leaves", row: { anchor, position, ledger: address, count } });
  }

  return {
    /** @param nextHead the next head of any ledger. */
    delta(entry: DeltaEntry, nextHead: HeadEntry | undefined): void {
      if (left) return;
      const misplaced = placeProblem(entry);
      if (misplaced || !entry.row) {
        if (misplaced) leave(misplaced.at, { code: misplaced.code, problem: misplaced.problem });
        return;
      }
      const { row } = entry;
      const derived = deriveDelta(row, ledger, reached, keys);
      if ("code" in derived) {
        leave(row.sequence, derived);
        return;
      }
      reportUncovered(row, nextHead);
      if (row.sequence === 1 && row.recordedAt !== ledger.openedAt) {
        const problem = `it was opened at ${ledger.openedAt}, and its first delta recorded at ${row.recordedAt}`;
        findings.add({ code: "LEDGER_WRONG", table: "ledgers", row: { ledger: address }, problem });
      }
      windows?.delta(row, derived.leaf);
      reached = derived.next;
      windows?.stands(reached);
      noteContent(seen, keys, row);
    },

    /** Whether the deltas so far have come to this head. */
    reaches: (head: HeadEntry | undefined): boolean =>
      !left && head?.key.ledger === ledger.id && head.key.count <= reached.frontier.count,

    head(entry: HeadEntry): void {
      seen.heads += 1;
      const problem = headProblem(entry, lastHead);
      if (problem) reportHead(entry.key, problem);
      lastHead = entry.key;
    },

    /** A head that the deltas never came to. */
    unreached({ key }: HeadEntry): void {
      seen.heads += 1;
      if (left) return;
      const there = reached.frontier.count;
      leave(there + 1, { code: "DELTA_MISSING", problem: `anchor ${key.anchor} counts ${key.count} deltas` });
      reportHead(key, { code: "HEAD_WRONG", problem: `it counts ${key.count} deltas, the ledger has ${there}` });
    },

    end(): void {
      if (left) return;
      if (reached.frontier.count === 0) leave(1, { code: "DELTA_MISSING", problem: "a ledger has at least one delta" });
      else windows?.end();
    },
  };
}

async function watchedWindows(
  { store, findings }: LedgerParts,
  ledger: LedgerRow,
  address: string,
): Promise<WindowWatch | undefined> {
  const windows = await store.windowsOf(ledger.id);
  if (windows.length === 0) return undefined;
  return watchWindows(windows, ({ statementId, id }, code, problem) => {
    const row = { checkpoint: statementId, number: id, ledger: address };
    findings.add({ code, table: "checkpoints", row, problem });
  });
}
