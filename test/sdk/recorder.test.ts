import { expect } from "chai";
import { TallyrootApiError, TallyrootConnectionError, TallyrootVerificationError } from "#src/sdk/errors.ts";
import type { BeginCheck, Retry } from "#src/sdk/recorder/deliver.ts";
import { TallyrootRecorderError, TallyrootUndeliveredError } from "#src/sdk/recorder/errors.ts";
import { openRecorder, type Recorder, type RecorderOptions, type RefusedDelta } from "#src/sdk/recorder.ts";
import { openTransport } from "#src/sdk/transport.ts";
import { eventually } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { amountsOf, countingTo, ledgerOf } from "./recorder-ledgers.ts";
import { FAULTS, type FaultyWay, startProxy } from "./recorder-proxy.ts";

/** Milliseconds after which an attempt is late, where nothing is said. */
const PATIENT_MS = 10_000;
/** Nowhere: nothing listens on the port of discard. */
const NOWHERE = "http://127.0.0.1:9";

describe("the recorder", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let proxy: FaultyWay;
  let target: { url: string; key: string };
  let customers = 0;

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  });
  beforeEach(async () => {
    proxy = await startProxy(server.url);
  });
  afterEach(() => proxy.close());
  after(async () => {
    await server?.stop();
    removeDirectory(dir);
  });

  function open(
    options: Partial<RecorderOptions> = {},
    { url = proxy.url, key = target.key, timeoutMs = PATIENT_MS } = {},
  ): Recorder {
    const transport = openTransport({ apiKey: key, baseUrl: url, timeoutMs });
    const onRefused = ({ error }: RefusedDelta) => {
      throw error;
    };
    return openRecorder({ transport }, { onRefused, maxAgeMs: 10, atProcessEnd: false, ...options });
  }

  const newCustomer = () => `recorder_${++customers}`;
  const deltaOf = (customerId: string, delta: number | string) => ({ customerId, delta, reason: "used" });
  const sizes = () => proxy.seen.map(({ deltas }) => deltas.length);

  /** Records 1, 2, 3 … for a customer. */
  async function count(recorder: Recorder, customerId: string, from: number, to: number): Promise<void> {
    for (let i = from; i <= to; i++) await recorder.record(deltaOf(customerId, i));
  }

  async function failureOf(work: Promise<unknown>): Promise<unknown> {
    return work.then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  describe("loses and doubles nothing, and keeps a customer's order, when", () => {
    for (const fault of FAULTS) {
      it(`an attempt ends like this: ${fault}`, async () => {
        const customer = newCustomer();
        const retries: string[] = [];
        const timeoutMs = fault === "silent" ? 300 : PATIENT_MS;
        const onRetry = ({ error }: Retry) => retries.push(error.name);
        const recorder = open({ maxBatch: 10, maxAgeMs: 60_000, lanes: 1, onRetry }, { timeoutMs });
        proxy.faults = [fault, "none", fault];
        await count(recorder, customer, 1, 30);
        await recorder.close();
        expect(await amountsOf(target, customer)).to.deep.equal(countingTo(30));
        expect(retries.length).to.be.at.least(2);
        expect(sizes()).to.deep.equal(Array(3 + retries.length).fill(10));
        expect(new Set(proxy.seen.map(({ idempotencyKey }) => idempotencyKey)).size).to.equal(3);
        expect(recorder.counts()).to.include({ pending: 0, pendingBytes: 0, recorded: 30, refused: 0 });
      });
    }
  });

  describe("gathers deltas", () => {
    it("into batches of the size that it was given", async () => {
      const recorder = open({ maxBatch: 20, maxAgeMs: 60_000, lanes: 1 });
      await count(recorder, newCustomer(), 1, 50);
      await eventually("two batches", async () => proxy.seen.length === 2 || undefined);
      await recorder.close();
      expect(sizes()).to.deep.equal([20, 20, 10]);
    });

    it("for as long as it was told and no longer", async () => {
      const customer = newCustomer();
      const recorder = open({ maxAgeMs: 100 });
      const start = performance.now();
      const first = recorder.recorded(deltaOf(customer, 1));
      const second = recorder.recorded(deltaOf(customer, 2));
      await Promise.all([first, second]);
      expect(performance.now() - start).to.be.greaterThan(95);
      expect(sizes()).to.deep.equal([2]);
      await recorder.close();
    });

    it("and sends no more bytes at a time than the server takes", async () => {
      const customer = newCustomer();
      const recorder = open({ maxBatch: 10_000, maxAgeMs: 60_000, lanes: 1 });
      // What has gathered behind the first batch is more than the server takes at once.
      let goOn = () => {};
      proxy.hold = () => new Promise((resolve) => (goOn = resolve));
      const metadata = { text: "€".repeat(5_000) };
      for (let i = 1; i <= 850; i++) await recorder.record({ ...deltaOf(customer, i), metadata });
      await eventually("the first batch", async () => proxy.seen.length === 1 || undefined);
      expect(recorder.counts().pendingBytes).to.be.greaterThan(850 * 15_000);
      proxy.hold = () => {};
      goOn();
      await recorder.close();
      expect(proxy.seen.length).to.be.greaterThan(2);
      expect(await amountsOf(target, customer)).to.deep.equal(countingTo(850));
    });

    it("in lanes: a customer is never in two batches at a time, different customers are", async () => {
      const names = Array.from({ length: 16 }, newCustomer);
      const recorder = open({ maxBatch: 5, lanes: 4 });
      proxy.hold = () => new Promise((resolve) => setTimeout(resolve, 5));
      for (let i = 1; i <= 20; i++) for (const name of names) await recorder.record(deltaOf(name, i));
      await recorder.close();
      expect(proxy.overlaps).to.deep.equal([]);
      expect(proxy.most).to.be.within(2, 4);
      for (const name of names) expect(await amountsOf(target, name)).to.deep.equal(countingTo(20));
    });

    it("as they were when they were given", async () => {
      const delta = { ...deltaOf(newCustomer(), "0.000000000000000001"), metadata: { seen: [1] } };
      const recorder = open();
      const recorded = recorder.recorded(delta);
      delta.delta = "2";
      delta.metadata.seen.push(2);
      expect((await recorded).deltaExact).to.equal("0.000000000000000001");
      expect(proxy.seen[0]!.deltas[0]).to.deep.include({ metadata: { seen: [1] } });
      await recorder.close();
    });
  });

  describe("bounds its memory:", () => {
    for (const [what, bounds] of [
      ["deltas", { maxPending: 50 }],
      ["bytes", { maxPendingBytes: 4_500 }],
    ] as const) {
      it(`with as many ${what} as it may hold it lets its caller wait, and goes on when the server is back`, async () => {
        const customer = newCustomer();
        let away = true;
        const recorder = open({ ...bounds, maxBatch: 10 });
        proxy.faults = Array.from({ length: 100 }, () => "cut" as const);
        let given = 0;
        const giving = (async () => {
          for (; given < 200; given++) await recorder.record(deltaOf(customer, given + 1));
          away = false;
        })();
        await eventually("a caller who waits", async () => recorder.counts().waiting === 1 || undefined);
        await eventually("a third attempt", async () => proxy.seen.length > 2 || undefined);
        expect(away).to.equal(true);
        expect(recorder.counts().pending).to.be.within(30, 50);
        expect(given).to.equal(recorder.counts().pending);
        proxy.faults = [];
        await giving;
        await recorder.close();
        expect(await amountsOf(target, customer)).to.deep.equal(countingTo(200));
      });
    }

    it("a delta larger than all of it goes through alone", async () => {
      const recorder = open({ maxPendingBytes: 10 });
      const customer = newCustomer();
      await count(recorder, customer, 1, 3);
      await recorder.close();
      expect(await amountsOf(target, customer)).to.deep.equal(countingTo(3));
    });

    it("a caller who does not wait is refused when too many wait already", async () => {
      const customer = newCustomer();
      const recorder = open({ maxPending: 5, maxWaiting: 5 });
      const given = await Promise.all(
        Array.from({ length: 12 }, (_, i) => failureOf(recorder.record(deltaOf(customer, i + 1)))),
      );
      const refused = given.filter((error) => error instanceof TallyrootRecorderError && error.code === "FULL");
      expect(refused).to.have.lengthOf(2);
      await recorder.close();
      expect(await amountsOf(target, customer)).to.deep.equal(countingTo(10));
    });
  });

  describe("tells what came of each delta:", () => {
    it("of a recorded one where it is on record", async () => {
      const customer = newCustomer();
      const recorder = open();
      const all = await Promise.all([1, 2, 3].map((delta) => recorder.recorded(deltaOf(customer, delta))));
      expect(all.map(({ deltaExact }) => deltaExact)).to.deep.equal(["1", "2", "3"]);
      expect(new Set(all.map(({ recordId }) => recordId)).size).to.equal(3);
      await recorder.close();
    });

    it("of a refused one why, without harm to the others", async () => {
      const customer = newCustomer();
      const refused: RefusedDelta[] = [];
      const recorder = open({ onRefused: (one) => void refused.push(one) });
      await recorder.record(deltaOf(customer, 1));
      await recorder.record(deltaOf(customer, 2_000_000_000));
      const promised = failureOf(recorder.recorded({ ...deltaOf(customer, 7), reason: "" }));
      await recorder.record(deltaOf(customer, 2));
      await recorder.close();
      expect(
        refused.map(({ delta, error, mayBeRecorded }) => [
          delta.delta,
          (error as TallyrootApiError).code,
          mayBeRecorded,
        ]),
      ).to.deep.equal([["2000000000", "VALIDATION_ERROR", false]]);
      expect(await promised)
        .to.be.instanceOf(TallyrootApiError)
        .with.property("code", "VALIDATION_ERROR");
      expect(await amountsOf(target, customer)).to.deep.equal(["1", "2"]);
      expect(recorder.counts()).to.include({ recorded: 2, refused: 2 });
    });

    it("of a batch that was refused as a whole, of each that was in it", async () => {
      const customer = newCustomer();
      const refused: RefusedDelta[] = [];
      const recorder = open({ onRefused: (one) => void refused.push(one) }, { key: `${target.key}x` });
      await count(recorder, customer, 1, 3);
      await recorder.close();
      expect(refused.map(({ delta }) => delta.delta)).to.deep.equal(["1", "2", "3"]);
      expect(refused.every(({ error }) => (error as TallyrootApiError).code === "INVALID_API_KEY")).to.equal(true);
    });

    it("of one that cannot be sent at once, and takes the next", async () => {
      const customer = newCustomer();
      const recorder = open();
      expect(await failureOf(recorder.record(deltaOf(customer, 0.1 + 0.2)))).to.be.instanceOf(RangeError);
      await recorder.record(deltaOf(customer, 1));
      await recorder.close();
      expect(await amountsOf(target, customer)).to.deep.equal(["1"]);
    });

    it("of those that it gave up, with keys under which they can be recorded without doubling", async () => {
      const customer = newCustomer();
      const left: RefusedDelta[] = [];
      const recorder = open({ giveUpAfterMs: 0, lanes: 1, onRefused: (one) => void left.push(one) });
      proxy.faults = ["lost"];
      await count(recorder, customer, 1, 3);
      await recorder.close();
      expect(left.map(({ delta }) => delta.delta)).to.deep.equal(["1", "2", "3"]);
      expect(
        left.every(({ mayBeRecorded, error }) => mayBeRecorded && error instanceof TallyrootConnectionError),
      ).to.equal(true);
      const later = open();
      for (const { delta } of left) await later.record(delta);
      await later.record(deltaOf(customer, 4));
      await later.close();
      expect(await amountsOf(target, customer)).to.deep.equal(countingTo(4));
    });
  });

  describe("flushed", () => {
    it("knows what came of all that was given before, while more is given", async () => {
      const customer = newCustomer();
      const recorder = open({ maxAgeMs: 60_000, maxBatch: 10 });
      await count(recorder, customer, 1, 25);
      const flushed = recorder.flush();
      await recorder.record(deltaOf(newCustomer(), 1));
      await flushed;
      expect((await ledgerOf(target, customer)).length).to.equal(25);
      expect(recorder.counts()).to.include({ recorded: 25, pending: 1 });
      await recorder.close();
    });

    it("with nothing to send is so at once", async () => {
      const recorder = open({}, { url: NOWHERE });
      await recorder.flush();
      await recorder.close();
      expect(recorder.counts()).to.deep.equal({ pending: 0, pendingBytes: 0, waiting: 0, recorded: 0, refused: 0 });
    });
  });

  describe("closed", () => {
    it("takes nothing more", async () => {
      const recorder = open();
      await recorder.close();
      expect(await failureOf(recorder.record(deltaOf(newCustomer(), 1)))).to.include({ code: "CLOSED" });
      expect(await failureOf(recorder.recorded(deltaOf(newCustomer(), 1)))).to.include({ code: "CLOSED" });
      await recorder.close();
    });

    it("lets in those who wait for room", async () => {
      const customer = newCustomer();
      const recorder = open({ maxPending: 2 });
      const given = Promise.all([1, 2, 3, 4, 5].map((delta) => recorder.record(deltaOf(customer, delta))));
      await recorder.close();
      await given;
      expect(await amountsOf(target, customer)).to.deep.equal(countingTo(5));
    });

    it("in time or not: what is not confirmed comes back in order, and can be recorded without doubling", async () => {
      const names = Array.from({ length: 6 }, newCustomer);
      const recorder = open({ maxBatch: 5, maxAgeMs: 0 });
      proxy.faults = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? "lost" : "cut"));
      for (let i = 1; i <= 10; i++) for (const name of names) await recorder.record(deltaOf(name, i));
      const promised = failureOf(recorder.recorded(deltaOf(names[0]!, 11)));
      const error = await failureOf(recorder.close({ deadlineMs: 300 }));
      if (!(error instanceof TallyrootUndeliveredError)) throw new Error(`closed: ${error}`);
      expect(await promised).to.equal(error);
      expect(await failureOf(recorder.flush())).to.equal(error);
      expect(error.undelivered.at(-1)).to.include({ customerId: names[0], delta: "11" });
      expect(new Set(error.undelivered.map(({ idempotencyKey }) => idempotencyKey)).size).to.equal(
        error.undelivered.length,
      );
      const later = open({}, { url: server.url });
      for (const delta of error.undelivered) await later.record(delta);
      await later.close();
      for (const [i, name] of names.entries())
        expect(await amountsOf(target, name)).to.deep.equal(countingTo(i === 0 ? 11 : 10));
    });
  });

  it("ends when nobody takes a refused delta, and gives back all that is not confirmed", async () => {
    const customer = newCustomer();
    const broken = new Error("the disk is full");
    const recorder = open({
      lanes: 1,
      maxBatch: 3,
      onRefused: async () => {
        throw broken;
      },
    });
    proxy.hold = () => new Promise((resolve) => setTimeout(resolve, 50));
    for (const delta of [1, 2_000_000_000, 2, 3, 4]) await recorder.record(deltaOf(customer, delta));
    const error = await failureOf(recorder.flush());
    if (!(error instanceof TallyrootUndeliveredError)) throw new Error(`flushed: ${error}`);
    expect(error.cause).to.equal(broken);
    expect(error.undelivered.map(({ delta }) => delta)).to.deep.equal(["2000000000", "2", "3", "4"]);
    expect(await failureOf(recorder.record(deltaOf(customer, 5)))).to.equal(error);
    expect(await failureOf(recorder.close())).to.equal(error);
  });

  it("ends at an answer that the evidence contradicts, and confirms none of its deltas", async () => {
    const customer = newCustomer();
    const lie = new TallyrootVerificationError("CONTRADICTS_EARLIER_ANSWER", "another delta is on record");
    const transport = openTransport({ apiKey: target.key, baseUrl: proxy.url });
    const checked: number[] = [];
    const beginCheck: BeginCheck =
      async () =>
      async ({ sent, data }) => {
        checked.push(sent.length, data.totalQueued);
        if (checked.length > 2) throw lie;
      };
    const recorder = openRecorder({ transport, beginCheck }, { onRefused: () => {}, lanes: 1, maxBatch: 2 });
    await count(recorder, customer, 1, 5);
    const error = await failureOf(recorder.close());
    if (!(error instanceof TallyrootUndeliveredError)) throw new Error(`closed: ${error}`);
    expect(error.cause).to.equal(lie);
    expect(checked).to.deep.equal([2, 2, 2, 2]);
    expect(error.undelivered.map(({ delta }) => delta)).to.deep.equal(["3", "4", "5"]);
    expect(recorder.counts()).to.include({ recorded: 2, pending: 0 });
  });

  it("submits a summary once under its reference, whoever submits it", async () => {
    const summary = {
      ...deltaOf(newCustomer(), 5),
      referenceId: "2026-10",
      metadata: { submissionType: "tenant_summary" },
    };
    for (const again of [false, true]) {
      const recorder = open();
      const { idempotent = false } = await recorder.recorded(summary);
      expect(idempotent).to.equal(again);
      await recorder.close();
    }
    expect(await amountsOf(target, summary.customerId)).to.deep.equal(["5"]);
  });

  it("keeps a key that a delta brings along", async () => {
    const delta = { ...deltaOf(newCustomer(), 5), idempotencyKey: `event-${newCustomer()}` };
    const recorder = open();
    const first = await recorder.recorded(delta);
    expect(await recorder.recorded(delta)).to.include({ recordId: first.recordId, idempotent: true });
    await recorder.close();
  });

  for (const [name, value] of [
    ["maxBatch", 0],
    ["maxBatch", 10_001],
    ["lanes", 1.5],
    ["maxPending", Number.POSITIVE_INFINITY],
    ["maxAgeMs", -1],
    ["giveUpAfterMs", Number.NaN],
  ] as const) {
    it(`cannot be opened with ${name} ${value}`, () => {
      expect(() => open({ [name]: value })).to.throw(RangeError, name);
    });
  }
});
