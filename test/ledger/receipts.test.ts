import { expect } from "chai";
import { checksumAddress } from "#src/core/address.ts";
import { type Hex, toHex } from "#src/core/bytes.ts";
import type { Delta } from "#src/core/fingerprint.ts";
import { type DeltaReceipt, encodeReceipt, receiptText } from "#src/core/receipt.ts";
import { verifyReceipt } from "#src/core/verify-receipt.ts";
import { anchorRound } from "#src/ledger/anchor.ts";
import type { StoredDelta } from "#src/ledger/ports/ledgers.ts";
import { receiptOf } from "#src/ledger/receipts.ts";
import { openWitness } from "#src/witness/witness.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";
import { anchor, freshLog, type Ground, type Log, partsOf, startGround } from "./anchoring-ground.ts";

describe("receipts", () => {
  let ground: Ground;
  let log: Log;
  let folder: ReturnType<typeof temporaryFolder>;
  let record: OpenRecord;
  before(async () => {
    ground = await startGround();
  });
  after(() => ground.stop());
  beforeEach(async () => {
    folder = temporaryFolder();
    record = await openRecord(folder.dir);
    log = await freshLog(ground);
  });
  afterEach(async () => {
    await record.close();
    folder.remove();
  });

  const add = async (...customers: string[]) =>
    deltasOf(
      await record.store.record(
        customers.map((customer) => request(record.tenant, customer)),
        false,
      ),
    );

  async function receipt(delta: StoredDelta, blind = false): Promise<DeltaReceipt> {
    const open = { contents: record.contents, tenant: record.tenant };
    const made = await receiptOf({ store: record.store, place: log.place, ...(!blind && { open }) }, delta);
    if ("notYet" in made) throw new Error(made.notYet);
    return made;
  }

  /** What the contract itself says about a receipt. */
  const contractSays = ({ delta, ledgerProof, head, anchorProof, anchor: { log: id, index } }: DeltaReceipt) =>
    log.contract.read.verifyDelta([
      toHex(id),
      index,
      onChain(delta),
      ledgerProof.map(toHex),
      {
        ledger: checksumAddress(head.ledger),
        count: BigInt(head.count),
        balance: head.balance,
        root: toHex(head.root),
      },
      anchorProof.map(toHex),
    ]);

  it("of every delta, first and last and from several anchors, verify by the file, by the witness and by the contract", async () => {
    const deltas = await add("a", "a", "b", "c", "a", "c");
    await anchor(record, log.chain);
    deltas.push(...(await add("a", "b", "b", "d")));
    await anchor(record, log.chain);
    const witness = openWitness({
      endpoints: [ground.chain.rpcUrl],
      pins: { codeHash: log.place.codeHash },
      confirmations: 1,
    });
    for (const delta of deltas) {
      const made = await receipt(delta);
      const { steps } = verifyReceipt(JSON.parse(receiptText(made)));
      expect(steps.map(({ outcome }) => outcome)).to.deep.equal(Array(5).fill("passed"));
      expect((await witness.check(made.anchor)).outcome).to.equal("passed");
      expect(await contractSays(made)).to.equal(true);
      expect(await contractSays({ ...made, delta: { ...made.delta, amount: made.delta.amount + 1n } })).to.equal(false);
    }
  });

  it("say of what is not final only how far it is", async () => {
    const [delta] = await add("a");
    const ask = () => receiptOf({ store: record.store, place: log.place }, delta!);
    expect(await ask()).to.deep.equal({ notYet: "QUEUED" });
    const stop = new AbortController();
    const send = async () => stop.abort();
    const round = anchorRound(partsOf(record, { ...log.chain, send }, stop.signal));
    expect(await round.catch((error: Error) => error.name)).to.equal("AbortError");
    expect(await ask()).to.deep.equal({ notYet: "PROCESSING" });
    await anchor(record, log.chain);
    expect(await ask())
      .to.have.property("receiptId")
      .that.deep.equals(delta!.fingerprint);
  });

  it("stay the same bytes, whatever is anchored later and after a restart", async () => {
    const deltas = await add("a", "b", "a");
    await anchor(record, log.chain);
    const before = await Promise.all(deltas.map(async (delta) => receiptText(await receipt(delta))));
    for (let round = 0; round < 2; round++) {
      await add("a", "b", "e");
      await anchor(record, log.chain);
    }
    await record.close();
    record = await openRecord(folder.dir);
    const again = await Promise.all(
      deltas.map(async (delta) =>
        receiptText(await receipt((await record.store.deltaByFingerprint(delta.fingerprint))!)),
      ),
    );
    expect(again).to.deep.equal(before);
  });

  it("that are blind show nothing private, and verify", async () => {
    const [delta] = deltasOf(
      await record.store.record([request(record.tenant, "who-pays", { reason: "what for" })], false),
    );
    await anchor(record, log.chain);
    const made = await receipt(delta!, true);
    const text = receiptText(made);
    for (const part of ["who-pays", "what for", "content", "salt", "namespace"]) expect(text).not.to.contain(part);
    expect(verifyReceipt(encodeReceipt(made)).steps.map(({ outcome }) => outcome)).to.deep.equal([
      "passed",
      "skipped",
      "passed",
      "passed",
      "passed",
    ]);
  });

  it("are not given away for a row that was changed after it was anchored", async () => {
    const [delta] = await add("a", "a");
    await anchor(record, log.chain);
    await record.close();
    await changeBehind(folder.dir, "UPDATE deltas SET amount = '7', balance = '7' WHERE sequence = 1");
    record = await openRecord(folder.dir);
    const changed = (await record.store.delta(delta!.ledger, 1))!;
    expect(await receipt(changed).catch((error: Error) => error.message)).to.contain(
      "a receipt verifies before it is sent",
    );
  });

  it("are found in an anchor of more leaves than one commit stores", async () => {
    const deltas = await add(...Array.from({ length: 1_203 }, (_, i) => `customer-${i}`));
    await anchor(record, log.chain);
    for (const i of [0, 499, 500, 999, 1_000, 1_202]) {
      const made = await receipt(deltas[i]!);
      expect(made.anchor.size).to.equal(1_203n);
      expect(await contractSays(made), `leaf ${i}`).to.equal(true);
    }
  });
});

function onChain({ ledger, sequence, amount, balance, recordedAt, commitment }: Delta) {
  return {
    ledger: checksumAddress(ledger) as Hex,
    sequence: BigInt(sequence),
    amount,
    balance,
    recordedAt: BigInt(recordedAt),
    commitment: toHex(commitment),
  };
}
