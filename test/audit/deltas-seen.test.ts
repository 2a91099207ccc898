import { expect } from "chai";
import { addSeen, type LedgersSeen, nothingSeen, openCounting } from "#src/audit/deltas-seen.ts";
import { sameSum } from "#src/audit/index-sum.ts";
import type { DeltaKey, DeltaRow, Entry } from "#src/audit/port.ts";

const MONTHS = [Date.UTC(2024, 0, 31), Date.UTC(2024, 1, 1), Date.UTC(2024, 1, 2)];

/** A delta of which only what is counted matters. */
function entryOf(arrival: number): Entry<DeltaKey, DeltaRow> {
  const hash = Buffer.alloc(32, arrival * 37);
  const key = { ledger: 1, sequence: arrival };
  const sealed = { generation: 1, sealed: hash, requestId: arrival % 2 ? hash : null, nodes: hash };
  const amounts = { amount: "1", balance: "1", commitment: hash, fingerprint: hash };
  return {
    key,
    row: {
      ...key,
      ...sealed,
      ...amounts,
      arrival,
      recordedAt: MONTHS[arrival % 3]!,
      digest: arrival % 4 ? "matches" : "none",
    },
  };
}

function seenOf(arrivals: readonly number[]): LedgersSeen {
  const seen = nothingSeen();
  const count = openCounting(seen, { fingerprint_index: 9, request_index: 9 });
  for (const arrival of arrivals)
    count(entryOf(arrival), { id: 1, tenant: arrival % 2, address: Buffer.alloc(20), openedAt: 0 });
  seen.ledgers = arrivals.length;
  seen.heads = arrivals.length + 1;
  seen.contents = { opened: arrivals.length, erased: 2 * arrivals.length, closed: 3 * arrivals.length };
  return seen;
}

describe("what was seen of the deltas of an audit", () => {
  it("adds up over parts to what one pass sees", () => {
    const [first, second] = [seenOf([1, 4, 5, 8, 11]), seenOf([2, 3, 6, 7, 9, 10])];
    const whole = seenOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    whole.heads += 1;
    const sum = nothingSeen();
    addSeen(sum, first);
    addSeen(sum, second);
    expect(sum).to.deep.equal(whole);
    expect(sum.indexes.fingerprint_index.count).to.equal(9);
    expect(sameSum(first.indexes.request_index, second.indexes.request_index)).to.equal(false);
  });
});
