import { expect } from "chai";
import { MAX_BALANCE, MIN_BALANCE } from "#src/core/amount.ts";
import { sameBytes, toHex } from "#src/core/bytes.ts";
import { commitmentOf } from "#src/core/content.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { deltaFingerprint } from "#src/core/fingerprint.ts";
import { EMPTY_FRONTIER } from "#src/core/tree.ts";
import { composeDelta, type LedgerState, openContent } from "#src/ledger/compose.ts";
import type { RecordRequest, Tenant } from "#src/ledger/ports/ledgers.ts";
import { requestKeyOf } from "#src/ledger/request-id.ts";
import { SealBrokenError, saltOf, sealingKey } from "#src/ledger/seal.ts";

const key = sealingKey(Buffer.alloc(32, 3));
const ledger = { id: 1, tenantId: 1, address: Buffer.alloc(20, 4), openedAt: 1_000 };
const tenant: Tenant = {
  id: 1,
  name: "t",
  createdAt: 0,
  namespace: Buffer.alloc(20, 5),
  requestKey: requestKeyOf(Buffer.alloc(32)),
};
const fresh: LedgerState = { ledger, balance: 0n, recordedAt: 0, frontier: EMPTY_FRONTIER, generation: 1, key };

const request = (more: Partial<RecordRequest> = {}): RecordRequest => ({
  tenant,
  customerId: "c",
  amount: 5n,
  reason: "r",
  ...more,
});

describe("composing a delta", () => {
  it("gives the fingerprint and the commitment of its own fields", () => {
    const { delta } = composeDelta(fresh, request({ referenceId: "ref" }), 2_000);
    const salt = toHex(saltOf(key, 1));
    const content = { customerId: "c", delta: "0.000000000000000005", reason: "r", referenceId: "ref", salt };
    expect(toHex(delta.commitment)).to.equal(toHex(commitmentOf(content)));
    const fields = {
      ledger: ledger.address,
      sequence: 1,
      amount: 5n,
      balance: 5n,
      recordedAt: 2_000,
      commitment: delta.commitment,
    };
    expect(toHex(delta.fingerprint)).to.equal(toHex(deltaFingerprint(fields)));
    expect(openContent(delta, key, "c")).to.deep.equal(content);
  });

  it("changes nothing of the state it starts from, and gives the same again but for the sealing", () => {
    const before = structuredClone({ ...fresh, key: null });
    const [one, two] = [composeDelta(fresh, request(), 1), composeDelta(fresh, request(), 1)];
    expect({ ...fresh, key: null }).to.deep.equal(before);
    expect(sameBytes(one.delta.fingerprint, two.delta.fingerprint)).to.equal(true);
    // A nonce is never used again, so nobody sees that the contents are alike.
    expect(sameBytes(one.delta.sealed, two.delta.sealed)).to.equal(false);
  });

  it("leads from state to state: sequence, balance and time follow on", () => {
    const first = composeDelta(fresh, request({ amount: 5n }), 2_000);
    const second = composeDelta(first.next, request({ amount: -7n }), 1_000);
    expect([second.delta.sequence, second.delta.balance, second.delta.recordedAt]).to.deep.equal([2, -2n, 2_000]);
    expect(second.delta.nodes).to.have.length(32);
    expect(second.next.frontier.count).to.equal(2);
  });

  it("commits to each private member: another value is another commitment", () => {
    const of = (more: Partial<RecordRequest>) => toHex(composeDelta(fresh, request(more), 1).delta.commitment);
    const variants: Partial<RecordRequest>[] = [
      {},
      { customerId: "d" },
      { amount: 6n },
      { reason: "s" },
      { referenceId: "x" },
      { metadata: {} },
      { metadata: { a: 1 } },
      { adjusts: { referenceId: "x" } },
      { adjusts: { recordId: "x" } },
    ];
    expect(new Set(variants.map(of)).size).to.equal(variants.length);
    expect(of({ metadata: { a: 1, b: 2 } })).to.equal(of({ metadata: { b: 2, a: 1 } }));
  });

  it("salts alike contents apart: no two deltas have one commitment", () => {
    const first = composeDelta(fresh, request(), 1);
    const second = composeDelta(first.next, request(), 1);
    const elsewhere = composeDelta({ ...fresh, key: sealingKey(Buffer.alloc(32, 9)) }, request(), 1);
    expect(new Set([first, second, elsewhere].map(({ delta }) => toHex(delta.commitment))).size).to.equal(3);
  });

  it("refuses a balance outside int256, and takes the ones at its edges", () => {
    const at = (balance: bigint, amount: bigint) => () =>
      composeDelta({ ...fresh, balance }, request({ amount }), 1).delta.balance;
    expect(at(MAX_BALANCE - 1n, 1n)()).to.equal(MAX_BALANCE);
    expect(at(MIN_BALANCE + 1n, -1n)()).to.equal(MIN_BALANCE);
    for (const beyond of [at(MAX_BALANCE, 1n), at(MIN_BALANCE, -1n)]) {
      expect(beyond).to.throw(TallyrootError).with.property("code", "BALANCE_OVERFLOW");
    }
  });

  it("opens at its own sequence, in its own ledger and with its own key only", () => {
    const { delta } = composeDelta(fresh, request(), 1);
    const other = { ...ledger, address: Buffer.alloc(20, 6) };
    for (const [moved, with_] of [
      [{ ...delta, sequence: 2 }, key],
      [{ ...delta, ledger: other }, key],
      [delta, sealingKey(Buffer.alloc(32, 9))],
    ] as const) {
      expect(() => openContent(moved, with_, "c")).to.throw(SealBrokenError);
    }
  });
});
