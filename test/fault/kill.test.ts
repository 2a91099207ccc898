import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Members, read, type Target, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  launchServer,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";

/**
 * The server is killed at random moments while many clients post, and started again over what it left. A client whose post was
 * not answered posts it again with the same idempotency key, as clients do.
 *
 * Everything random comes from one seed, which is printed when a claim fails: FAULT_SEED repeats the same run, as far as the
 * operating system's scheduling allows.
 */

const SEED = Number(process.env.FAULT_SEED ?? randomInt(2 ** 31));
const ROUNDS = Number(process.env.PROPERTY_RUNS ?? 0) >= 10_000 ? 8 : 3;
const CLIENTS = 32;
const CUSTOMERS = 20;
/** Milliseconds that the server lives in one round, at least and at most. */
const LIFE_MS = [100, 700] as const;
/** Share of answered posts that a client sends again later, as one does who did not note the answer. */
const FORGETS = 0.05;

type Post = { idempotencyKey: string; body: { customerId: string; delta: string; reason: string } };
type Acknowledged = { post: Post; receiptId: string; recordId: string; sequence: number };

/** A small generator that can be replayed (mulberry32); not for secrets. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe(`a server that is killed again and again (FAULT_SEED=${SEED})`, () => {
  const dir = temporaryDirectory();
  const random = seeded(SEED);
  const acknowledged = new Map<string, Acknowledged>();
  /** Every post that was ever sent, answered or not. */
  const sent = new Map<string, Post>();
  const contradictions: string[] = [];
  const places = new Set<string>();
  const anchorsSeen = new Map<number, string>();
  let server: Server;
  let target: Required<Target>;
  let unanswered: Post[] = [];

  const between = (low: number, high: number) => low + Math.floor(random() * (high - low));

  function newPost(): Post {
    const units = between(1, 1_000_000);
    const sign = random() < 0.5 ? "-" : "";
    const body = {
      customerId: `cust_${between(0, CUSTOMERS)}`,
      delta: `${sign}${units}.${between(1, 10 ** 9)}`,
      reason: `reason ${units}`,
    };
    return { idempotencyKey: `post-${sent.size}`, body };
  }

  function noteAnswer(post: Post, view: Members): void {
    const { receiptId, recordId, sequence } = view as Acknowledged;
    const before = acknowledged.get(post.idempotencyKey);
    if (before && before.receiptId !== receiptId) {
      contradictions.push(`${post.idempotencyKey}: ${before.receiptId}, later ${receiptId}`);
    }
    acknowledged.set(post.idempotencyKey, { post, receiptId, recordId, sequence });
  }

  /** Posts until the server is gone. The answer counts only when the whole of it has arrived. */
  async function client(alive: () => boolean): Promise<void> {
    while (alive()) {
      const post = unanswered.pop() ?? newPost();
      sent.set(post.idempotencyKey, post);
      const answer = await postOnce(post);
      if (answer === "gone") {
        unanswered.push(post);
        return;
      }
      noteAnswer(post, answer);
      if (random() < FORGETS) unanswered.unshift(post);
    }
  }

  async function postOnce(post: Post): Promise<Members | "gone"> {
    let text: string;
    let status: number;
    try {
      const response = await fetch(`${target.url}/api/v1/balance/delta`, {
        method: "POST",
        headers: {
          "X-Api-Key": target.key,
          "Content-Type": "application/json",
          "Idempotency-Key": post.idempotencyKey,
        },
        body: JSON.stringify(post.body),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      // What fetch throws when the other side is gone, and nothing else.
      if (!(error instanceof TypeError)) throw error;
      return "gone";
    }
    expect(status, text).to.equal(201);
    return (JSON.parse(text) as { data: Members }).data;
  }

  async function begin(): Promise<void> {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
    const { chainId, contract, log } = await read(target, "/chain");
    places.add(JSON.stringify({ chainId, contract, log }));
    const { anchors } = await read(target, "/anchors?limit=1000");
    for (const anchor of anchors as Members[]) {
      if (anchor.status !== "CONFIRMED") continue;
      const told = tale(anchor);
      const before = anchorsSeen.get(anchor.index);
      if (before !== undefined && before !== told)
        contradictions.push(`anchor ${anchor.index}: ${before}, later ${told}`);
      anchorsSeen.set(anchor.index, told);
    }
  }

  /** Another server process over the same directory, killed while it still comes up. */
  async function killAtStart(): Promise<void> {
    const { stop } = launchServer(dir);
    await sleep(between(0, 900));
    await stop("SIGKILL");
  }

  before(async () => {
    await killAtStart();
    for (let round = 0; round < ROUNDS; round++) {
      await begin();
      let alive = true;
      const clients = Array.from({ length: CLIENTS }, () => client(() => alive));
      await sleep(between(...LIFE_MS));
      await server.stop("SIGKILL");
      alive = false;
      await Promise.all(clients);
      if (round % 4 === 1) await killAtStart();
    }
    await begin();
    // The last time nobody is killed: whatever was not answered is posted again.
    for (const post of unanswered) {
      const answer = await postOnce(post);
      if (answer === "gone") throw new Error(`the server went away by itself:\n${server.errors()}`);
      noteAnswer(post, answer);
    }
    unanswered = [];
  });

  after(async () => {
    await server?.stop();
    removeDirectory(dir);
  });

  /** Every delta on record, by customer. */
  async function onRecord(): Promise<Map<string, Members[]>> {
    const ledgers = new Map<string, Members[]>();
    for (let i = 0; i < CUSTOMERS; i++) {
      const deltas: Members[] = [];
      for (let more = true; more; ) {
        const page = await read(target, `/balance/derive/cust_${i}?limit=1000&offset=${deltas.length}`);
        deltas.push(...(page.deltas as Members[]));
        more = deltas.length < page.deltasCount;
      }
      ledgers.set(`cust_${i}`, deltas);
    }
    return ledgers;
  }

  it("recorded under load in every round, or the drill would prove nothing", () => {
    expect(acknowledged.size).to.be.greaterThan(ROUNDS * CLIENTS);
  });

  it("never takes back an answer: every acknowledged delta is there under its receiptId", async () => {
    const there = new Map([...(await onRecord()).values()].flat().map((delta) => [delta.receiptId, delta]));
    const lost = [...acknowledged.values()].filter(({ receiptId, recordId, sequence, post }) => {
      const delta = there.get(receiptId);
      return !delta || delta.recordId !== recordId || delta.sequence !== sequence || delta.reason !== post.body.reason;
    });
    expect(lost).to.deep.equal([]);
    expect(contradictions).to.deep.equal([]);
  });

  it("records nothing twice and nothing that was not sent", async () => {
    const recorded = [...(await onRecord()).values()].flat();
    expect(sent.size).to.equal(acknowledged.size);
    expect(recorded.map(({ receiptId }) => receiptId)).to.have.members(
      [...acknowledged.values()].map(({ receiptId }) => receiptId),
    );
  });

  it("leaves ledgers without holes, whose balances are the sums of what was sent", async () => {
    const amounts = new Map([...acknowledged.values()].map(({ receiptId, post }) => [receiptId, post.body.delta]));
    for (const [customerId, deltas] of await onRecord()) {
      let balance = 0n;
      for (const [i, delta] of deltas.entries()) {
        balance += nanos(amounts.get(delta.receiptId as string)!);
        expect(delta.sequence, customerId).to.equal(i + 1);
        expect(nanos(delta.balanceExact), `${customerId} ${delta.sequence}`).to.equal(balance);
      }
    }
  });

  it("brings every delta to VERIFIED, under the same contract and the same transactions as before", async () => {
    const last = [...(await onRecord()).values()].map((deltas) => deltas.at(-1)!);
    for (const { recordId } of last) await verified(target, recordId);
    for (let i = 0; i < CUSTOMERS; i++) {
      const { pendingCount, verifiedBalance, computedBalance } = await read(
        target,
        `/balance/derive/cust_${i}?limit=1`,
      );
      expect([pendingCount, verifiedBalance]).to.deep.equal([0, computedBalance]);
    }
    expect([...places]).to.have.lengthOf(1);
    const { anchors } = await read(target, "/anchors?limit=1000");
    const now = new Map((anchors as Members[]).map((anchor) => [anchor.index as number, tale(anchor)]));
    for (const [index, told] of anchorsSeen) expect(now.get(index)).to.equal(told);
    for (const { receiptId } of last) {
      const { verified: agreed, message } = await read(target, `/verify/${receiptId}?source=chain`);
      expect(agreed, message as string).to.equal(true);
    }
  });
});

/** What is told of an anchor, but for how deep it is, which grows with the chain. */
function tale({ confirmations: _, ...anchor }: Members): string {
  return JSON.stringify(anchor);
}

/** Units of 10^-9 of a decimal text: an adding up of its own, beside that of the product. */
function nanos(text: string): bigint {
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  const magnitude = BigInt(whole + fraction.padEnd(9, "0"));
  return text.startsWith("-") ? -magnitude : magnitude;
}
