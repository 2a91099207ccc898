import { expect } from "chai";
import * as fc from "fast-check";
import { decodeFunctionData } from "viem";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { type Court, keySigner, openCourt, type Signer, SignerError } from "#src/chain/court.ts";
import { courtCall } from "#src/chain/court-call.ts";
import { COURT_FUNCTIONS, type Contradiction, findContradictions } from "#src/core/arbitration/contradiction.ts";
import type { Place } from "#src/core/arbitration/statement.ts";
import { ChainUnavailableError } from "#src/core/errors.ts";
import type { Delta } from "#src/core/fingerprint.ts";
import {
  ALICE,
  checkpointOf,
  everythingIn,
  headOf,
  historyOf,
  type Stated,
} from "#test/core/arbitration/published-log.ts";
import { RUNS, SEED } from "#test/core/property.ts";
import { freshLog, type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { publishOnChain } from "./published-on-chain.ts";

const honest = historyOf(ALICE, [500n, -42n, -100n, 7n]);
/** The history with fields of one delta replaced, and nothing repaired after it. */
const lied = (sequence: number, lie: Partial<Delta>) =>
  honest.map((delta, i) => (i === sequence - 1 ? { ...delta, ...lie } : delta));

describe("the court: evidence before the real contract", () => {
  let ground: Ground;
  let place: Place;
  let court: Court;
  /** An account with ether that is not the publisher's. */
  const anybody: Signer = { account: 3 };

  before(async () => {
    ground = await startGround();
  });
  after(() => ground.stop());

  /** A fresh log, and what is in it for everybody to see. */
  async function anchored(...anchors: Stated[][]) {
    const { published, place: there } = await publishOnChain(ground, anchors);
    place = there;
    court = openCourt(ground.chain.rpcUrl, place);
    return everythingIn(published, place);
  }

  const tried = async (contradiction: Contradiction) => {
    const outcome = await court.tryOut(courtCall(place, contradiction));
    return "refusal" in outcome ? outcome.refusal : "accepted";
  };

  const KINDS: Record<Contradiction["judgedBy"], () => Stated[][]> = {
    proveFork: () => [[headOf(honest)], [checkpointOf(lied(3, { amount: -99n }), 2000n, 9000n)]],
    proveImbalance: () => [[headOf(lied(3, { balance: 0n }))]],
    proveFirstImbalance: () => [[headOf(lied(1, { balance: 9n }).slice(0, 1))]],
    proveHeadImbalance: () => [[headOf(honest.slice(0, 3), { balance: 9n })], [headOf(honest)]],
    proveCheckpointImbalance: () => [[headOf(honest), checkpointOf(honest, 2000n, 4000n, { closingBalance: 9n })]],
    proveBareCheckpointImbalance: () => [[checkpointOf(honest, 9000n, 9999n, { closingBalance: 9n })]],
  };
  for (const judgedBy of COURT_FUNCTIONS) {
    it(`accepts what is found for ${judgedBy}, and marks the log`, async () => {
      const [contradiction] = findContradictions(await anchored(...KINDS[judgedBy]()));
      expect(contradiction!.judgedBy).to.equal(judgedBy);
      expect(await court.markedSince()).to.equal(undefined);
      const call = courtCall(place, contradiction!);
      expect(decodeFunctionData({ abi: anchorLogAbi, data: call.data }).functionName).to.equal(judgedBy);
      const dry = await court.tryOut(call, anybody);
      expect(await court.markedSince()).to.equal(undefined);
      const judgement = await court.bring(call, anybody);
      if ("refusal" in dry || "refusal" in judgement) throw new Error("the evidence was refused");
      const { blockNumber, blockTime, gasUsed, transactionHash } = judgement;
      expect(await court.markedSince()).to.deep.equal({ blockNumber, blockTime });
      expect(Number(gasUsed)).to.be.within(21_000, Number(dry.gas));
      const { from } = await ground.client.getTransaction({ hash: transactionHash });
      expect(from).to.equal((await ground.someoneElse()).toLowerCase());
    });
  }

  it("accepts everything that is found in whatever a publisher may anchor", async () => {
    const delta = fc.record({
      sequence: fc.constantFrom(1, 2, 3),
      lie: fc.record({
        amount: fc.bigInt({ min: -1n, max: 1n }),
        balance: fc.bigInt({ min: -1n, max: 1n }),
        recordedAt: fc.bigInt({ min: 1n, max: 5n }),
      }),
    });
    const log = fc.record({
      lies: fc.array(delta, { minLength: 1, maxLength: 3 }),
      checkpoint: fc.record({
        openingBalance: fc.bigInt({ min: 0n, max: 1n }),
        closingBalance: fc.bigInt({ min: 0n, max: 1n }),
        firstSequence: fc.bigInt({ min: 0n, max: 3n }),
      }),
    });
    const seed = Number(SEED ?? Date.now());
    const stated = fc
      .sample(log, Math.ceil(RUNS * 0.06))
      .map(({ lies, checkpoint }) => [
        headOf(honest),
        ...lies.map(({ sequence, lie }) => headOf(lied(sequence, lie))),
        checkpointOf(honest, 2000n, 4000n, checkpoint),
      ]);
    const contradictions = findContradictions(await anchored(...stated));
    expect(contradictions.length).to.be.greaterThan(20);
    const refused: string[] = [];
    for (const one of contradictions.filter((_, i) => i % Math.ceil(contradictions.length / 60) === 0)) {
      const outcome = await tried(one);
      if (outcome !== "accepted") refused.push(`${one.judgedBy} ${one.sequence}: ${outcome}`);
    }
    expect(refused, `replayed by PROPERTY_SEED=${seed}`).to.deep.equal([]);
  });

  it("names the contract's error for evidence that is not anchored, not included, or no contradiction", async () => {
    const all = await anchored([headOf(honest)], [headOf(lied(3, { amount: -99n }))]);
    const fork = findContradictions(all)[0]!;
    if (fork.judgedBy !== "proveFork") throw new Error("no fork");
    const { a, b } = fork;
    expect(await tried(fork)).to.equal("accepted");
    const elsewhere = { ...b, through: { ...b.through, index: 3n } };
    expect(await tried({ ...fork, b: elsewhere })).to.equal("NotAnchored");
    expect(await tried({ ...fork, b: { ...b, proof: () => [] } })).to.equal("NotIncluded");
    expect(await tried({ ...fork, b: a })).to.equal("SameDelta");
    const neighbours = [1n, 2n].map((n) => all.deltas.find(({ delta }) => delta.sequence === n)!);
    const none = { judgedBy: "proveImbalance", ledger: ALICE, sequence: 2n } as const;
    expect(await tried({ ...none, first: neighbours[0]!, second: neighbours[1]! })).to.equal("NoContradiction");
    expect(await court.bring(courtCall(place, { ...fork, b: a }), anybody)).to.deep.equal({ refusal: "SameDelta" });
    expect(await court.markedSince()).to.equal(undefined);
  });

  it("is only at the contract, chain and code that the evidence is for", async () => {
    await anchored([headOf(honest)]);
    const failure = async (elsewhere: Partial<Place>, codeHash?: Uint8Array) =>
      (await openCourt(ground.chain.rpcUrl, { ...place, ...elsewhere }).examine(codeHash))?.failure;
    const { codeHash } = (await freshLog(ground)).place;
    expect(await failure({}, codeHash)).to.equal(undefined);
    expect(await failure({ chainId: 1n })).to.equal("CHAIN_MISMATCH");
    expect(await failure({ contract: ALICE })).to.equal("CODE_MISMATCH");
    expect(await failure({}, place.log)).to.equal("CODE_MISMATCH");
    const hash = await ground.wallet.sendTransaction({ data: "0x6001600c60003960016000f300" });
    const { contractAddress } = await ground.client.waitForTransactionReceipt({ hash });
    const noCourt = Buffer.from(contractAddress!.slice(2), "hex");
    expect(await failure({ contract: noCourt })).to.equal("CODE_MISMATCH");
  });

  it("takes a key of one's own, and says when an account cannot pay or is not there", async () => {
    const [contradiction] = findContradictions(await anchored([headOf(honest, { balance: 9n })]));
    const call = courtCall(place, contradiction!);
    const failing = (work: Promise<unknown>) => work.then(String, (error: unknown) => error);
    expect(await failing(court.bring(call, { account: 999 }))).to.be.instanceOf(SignerError);
    const poor = keySigner("0x00000000000000000000000000000000000000000000000000000000000000aa");
    expect(await failing(court.bring(call, poor))).to.be.instanceOf(SignerError);
    const own = keySigner("17".repeat(32));
    expect(await court.bring(call, own)).to.have.property("blockNumber");
  });

  it("takes no text for a key that is none, and does not repeat it", () => {
    const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    for (const text of ["", "0x", "a secret", "0".repeat(64), order, `0x${"17".repeat(33)}`, `${"17".repeat(31)}1g`]) {
      expect(() => keySigner(text), text)
        .to.throw(SignerError)
        .that.satisfies(({ message }: Error) => text === "" || !message.includes(text));
    }
  });

  it("judges nothing while the chain does not answer", async () => {
    const [contradiction] = findContradictions(await anchored([headOf(honest, { balance: 9n })]));
    const call = courtCall(place, contradiction!);
    const away = openCourt("http://127.0.0.1:9", place);
    for (const work of [away.examine(), away.tryOut(call), away.bring(call, anybody)]) {
      expect(await work.then(String, (error: unknown) => error)).to.be.instanceOf(ChainUnavailableError);
    }
  });
});
