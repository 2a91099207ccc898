import { expect } from "chai";
import { dataOf, errorOf, type Members, record, send, type Target } from "./call.ts";
import { type Seed, seedDirectory } from "./seed.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

describe("POST /api/v1/balance/compare", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let seed: Seed;
  let target: Target;
  const deltas: Members[] = [];

  before(async () => {
    seed = await seedDirectory(dir);
    server = await startServer(dir);
    target = { url: server.url, key: seed.keys.admin };
    for (const [delta, referenceId] of [
      ["500", "deposit"],
      ["-42.5", "use-1"],
      ["-0.000000000000000001", "use-2"],
      ["10", "credit"],
    ]) {
      deltas.push(await record(target, { customerId: "cust_cmp", delta, reason: "r", referenceId }));
    }
  });
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const path = "/api/v1/balance/compare";
  const post = (
    body: Members,
    { key = seed.keys.read, headers = {} }: { key?: string; headers?: Record<string, string> } = {},
  ) => send(server.url, { path, key, body: { customerId: "cust_cmp", ...body }, headers });
  const compare = async (body: Members) => {
    const reply = await post(body);
    expect(reply.status, reply.text).to.equal(201);
    return dataOf(reply);
  };

  it("says that both balances match where they do", async () => {
    const data = await compare({ yourBalance: "467.499999999999999999", theirBalance: "467.499999999999999999" });
    expect(data).to.deep.include({
      matchesYours: true,
      matchesTheirs: true,
      yourDiscrepancyExact: "0",
      theirDiscrepancy: 0,
      divergence: null,
    });
    expect([data.deltasCount, data.confirmedCount, data.disputedCount, data.undecidedCount]).to.deep.equal([
      4, 4, 0, 0,
    ]);
    expect(data.confirmed.map(({ receiptId }: Members) => receiptId)).to.deep.equal(
      deltas.map(({ receiptId }) => receiptId),
    );
    expect(data.confirmed[1]).to.deep.include({
      sequence: 2,
      referenceId: "use-1",
      deltaExact: "-42.5",
      balanceExact: "457.5",
    });
  });

  it("says of a party that was not heard neither that it matches nor that it does not", async () => {
    const data = await compare({ theirBalance: 500 });
    expect(data).to.include({
      matchesYours: null,
      yourDiscrepancy: null,
      yourDiscrepancyExact: null,
      matchesTheirs: false,
    });
  });

  it("names the exact point to 18 decimals: the delta that one party does not have", async () => {
    const theirs = [
      { referenceId: "deposit", delta: 500 },
      { referenceId: "use-1", delta: -42.5 },
      { referenceId: "credit", delta: 10 },
    ];
    const reply = await post({ theirs, theirBalance: 467.5, yourBalance: "467.499999999999999999" });
    const data = dataOf(reply);
    expect(data.divergence).to.deep.equal({
      sequence: 3,
      recordId: deltas[2]!.recordId,
      receiptId: deltas[2]!.receiptId,
      recordedAt: deltas[2]!.recordedAt,
      kind: "MISSING",
      party: "theirs",
      amount: 1e-18,
      amountExact: "0.000000000000000001",
      balanceBefore: 457.5,
      balanceBeforeExact: "457.5",
      balanceAfter: 457.5,
      balanceAfterExact: "457.499999999999999999",
    });
    expect(data).to.include({
      matchesYours: true,
      matchesTheirs: false,
      theirDiscrepancyExact: "0.000000000000000001",
    });
    expect(reply.text)
      .to.contain('"computedBalance":467.499999999999999999')
      .and.to.contain('"amount":0.000000000000000001');
    expect(data.message).to.match(/first of 1 disputes is MISSING at sequence 3, in theirs/);
  });

  it("tells of a balance alone where the record stood at it, and what has not been seen since", async () => {
    const data = await compare({ theirBalance: 457.5 });
    expect(data.message).to.match(
      /theirs: 457\.5 is where the record stood after sequence 2, so the 2 deltas after it/,
    );
    expect(data.disputed.map(({ kind, sequence }: Members) => [kind, sequence])).to.deep.equal([
      ["MISSING", 3],
      ["MISSING", 4],
    ]);
    expect(data.disputed[1]).to.deep.include({
      referenceId: "credit",
      recordedDeltaExact: "10",
      amountExact: "-10",
      entry: null,
      sent: null,
    });
  });

  it("says that a balance is none at which the record ever stood, and decides about no delta", async () => {
    const data = await compare({ theirBalance: 1 });
    expect(data.message).to.match(/theirs: 1 is not where the record ever stood/);
    expect(data.divergence).to.include({
      kind: "DIFFERENT_BALANCE",
      sequence: 4,
      amountExact: "-466.499999999999999999",
    });
    expect([data.confirmedCount, data.disputedCount, data.undecidedCount]).to.deep.equal([0, 1, 3]);
  });

  it("shows a dispute beside the entry that it is about, as it was sent", async () => {
    const { disputed } = await compare({
      yours: [
        { sequence: 1 },
        { referenceId: "use-1", delta: "-40" },
        { referenceId: "lost", delta: 7 },
        { sequence: 3 },
        { sequence: 4 },
      ],
    });
    expect(disputed[0]).to.deep.include({
      kind: "DIFFERENT_AMOUNT",
      party: "yours",
      entry: 1,
      amountExact: "2.5",
      recordedDeltaExact: "-42.5",
    });
    expect(disputed[0].sent).to.deep.equal({ referenceId: "use-1", delta: -40, deltaExact: "-40" });
    expect(disputed[1]).to.deep.include({
      kind: "NOT_ON_RECORD",
      sequence: 2,
      recordId: null,
      receiptId: null,
      amountExact: "7",
      recordedDelta: null,
    });
    expect(disputed[1].sent).to.deep.equal({ referenceId: "lost", delta: 7, deltaExact: "7" });
  });

  it("pages both lists, and counts all of them whatever is shown", async () => {
    const theirs = [{ sequence: 1 }, { sequence: 2 }];
    const data = await compare({ theirs, confirmedLimit: 1, confirmedOffset: 1, disputedLimit: 1, disputedOffset: 1 });
    expect(data.confirmed.map(({ sequence }: Members) => sequence)).to.deep.equal([2]);
    expect(data.disputed.map(({ sequence }: Members) => sequence)).to.deep.equal([4]);
    expect(data).to.include({ confirmedCount: 2, disputedCount: 2, theirDiscrepancyExact: "-9.999999999999999999" });
    expect(data.pagination).to.deep.equal({
      confirmed: { total: 2, offset: 1, limit: 1 },
      disputed: { total: 2, offset: 1, limit: 1 },
    });
    expect(data.divergence.sequence).to.equal(3);
    expect(await compare({ theirs, confirmedLimit: 0, disputedOffset: 9 })).to.deep.include({
      confirmed: [],
      disputed: [],
      disputedCount: 2,
    });
  });

  it("compares the scope that is named, from the balance that is named", async () => {
    const body = {
      startingCheckpoint: deltas[1]!.recordId,
      startingCheckpointType: "recordId",
      yours: [{ sequence: 3 }, { sequence: 4, balance: 10 }],
    };
    const data = await compare({ ...body, startingBalance: "0.000000000000000001", theirBalance: 10 });
    expect(data).to.deep.include({
      deltasCount: 2,
      computedBalanceExact: "10",
      matchesYours: true,
      matchesTheirs: true,
      disputed: [],
    });
    expect(data.confirmed[0]).to.deep.include({ sequence: 3, balanceExact: "0" });
    const month = await compare({ period: deltas[0]!.recordedAt.slice(0, 7), granularity: "month", yourBalance: 1 });
    expect(month.scope.period).to.equal(deltas[0]!.recordedAt.slice(0, 7));
    expect(month.breakdown).to.have.lengthOf(1);
  });

  it("stores nothing: the same Idempotency-Key compares anew, with another body too", async () => {
    const headers = { "Idempotency-Key": "once" };
    expect(dataOf(await post({ yourBalance: 1 }, { headers })).matchesYours).to.equal(false);
    const again = await post({ yourBalance: "467.499999999999999999" }, { headers });
    expect([again.status, dataOf(again).matchesYours]).to.deep.equal([201, true]);
    expect(again.headers.get("Idempotent-Replayed")).to.equal(null);
  });

  it("takes 100,000 entries, and goes on recording meanwhile", async () => {
    const theirs = Array.from({ length: 100_000 }, (_, i) => ({ receiptId: deltas[i % 4]!.receiptId, delta: "1" }));
    let done = false;
    const compared = compare({ theirs }).finally(() => {
      done = true;
    });
    let recorded = 0;
    while (!done) {
      await record(target, { customerId: "meanwhile", delta: 1, reason: "r" });
      recorded += 1;
    }
    const data = await compared;
    // Three amounts differ, the one of 10 as well; what comes after the first four are mentions too many.
    expect(data).to.include({ disputedCount: 4 + 99_996, confirmedCount: 0 });
    expect(data.disputed).to.have.lengthOf(1_000);
    expect(recorded).to.be.greaterThan(20);
  }).timeout(20_000);

  describe("to the key of one customer", () => {
    let own: string;
    before(async () => {
      const reply = await send(server.url, {
        path: "/api/v1/keys",
        key: seed.keys.admin,
        body: { scope: "read", customerId: "cust_cmp", label: "counterparty" },
      });
      own = dataOf(reply).apiKey;
    });

    it("compares that customer", async () => {
      expect((await post({ yourBalance: 1 }, { key: own })).status).to.equal(201);
      const heads = await send(server.url, {
        path: `${path}/heads`,
        key: own,
        body: { customerId: "cust_cmp", heads: [{ sequence: 4 }] },
      });
      expect(dataOf(heads).heads[0].balanceExact).to.equal("467.499999999999999999");
    });

    it("answers for another customer as if nothing were recorded", async () => {
      await record(target, { customerId: "another", delta: 1, reason: "r" });
      for (const customerId of ["another", "nobody"]) {
        expect(errorOf(await post({ customerId }, { key: own }))).to.deep.include({
          code: "CUSTOMER_NOT_FOUND",
          customerId,
        });
        const heads = await send(server.url, {
          path: `${path}/heads`,
          key: own,
          body: { customerId, heads: [{ sequence: 1 }] },
        });
        expect(errorOf(heads).code).to.equal("CUSTOMER_NOT_FOUND");
      }
    });

    it("does not find another customer's receipt among the own", async () => {
      const other = await record(target, { customerId: "another", delta: 1, reason: "r" });
      const data = dataOf(
        await post({ theirs: [{ receiptId: other.receiptId }, { recordId: other.recordId }] }, { key: own }),
      );
      const unknown = data.disputed.filter(({ kind }: Members) => kind === "NOT_ON_RECORD");
      expect(unknown.map(({ recordId, recordedDelta }: Members) => [recordId, recordedDelta])).to.deep.equal([
        [null, null],
        [null, null],
      ]);
    });
  });

  it("answers another tenant as if the customer were not there", async () => {
    expect(errorOf(await post({ yourBalance: 1 }, { key: seed.keys.stranger })).code).to.equal("CUSTOMER_NOT_FOUND");
  });
});
