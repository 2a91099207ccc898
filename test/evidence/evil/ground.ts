import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { keccak256 } from "viem";
import { type EmbeddedChain, startEmbeddedChain } from "#src/chain/embedded/start.ts";
import { fromHex, type Hex } from "#src/core/bytes.ts";
import { artifactOf } from "#test/contract/deployment.ts";
import { dataOf, eventually, type Members, send, type Target } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { copyDatabase } from "#test/run/engine.ts";
import { readBank } from "../../../scripts/demo/bank.ts";

/**
 * What an honest server left behind when it was stopped: a data directory with the record, the keys and the chain's journal, and
 * what its customers had been given by then. Every cheat starts from a copy of it.
 */
export type Ground = {
  /** The stopped server's data directory. Never changed: see `copy`. */
  dir: string;
  customers: readonly string[];
  /** What recording answered, by customer and sequence - 1. The last `UNANCHORED` of each customer are in no anchor yet. */
  told: Readonly<Record<string, readonly Told[]>>;
  /** Files as the honest server gave them. */
  files: GivenFiles;
  masterKey: Hex;
  publisherKey: Hex;
  apiKey: string;
  place: { chainId: number; contract: Hex; log: Hex; codeHash: Hex };
  /** The server's chain, going on without the server. */
  chain: EmbeddedChain;
  /** A data directory of the operator's to do with as he likes. */
  copy(): Promise<string>;
  stop(): Promise<void>;
};

/** What a customer knows of a delta from the answer to recording it. */
export type Told = { sequence: number; recordId: string; receiptId: Hex; delta: string };

export type GivenFiles = {
  /** By customer and sequence - 1. */
  blind: Readonly<Record<string, readonly Uint8Array[]>>;
  open: Readonly<Record<string, readonly Uint8Array[]>>;
  /** Statements of `STATED`: two windows that follow on each other, and one without deltas. */
  checkpoints: { first: Uint8Array; second: Uint8Array; listed: Uint8Array; empty: Uint8Array };
};

/** Deltas of each customer: in the first anchor, in the second, and not anchored yet. */
export const FIRST = 4;
export const SECOND = 3;
export const ANCHORED = FIRST + SECOND;
export const UNANCHORED = 4;

/** Which customer the checkpoints are of. */
export const STATED = 9;
const CUSTOMERS = 10;

const BANK = new URL("../../../scripts/demo/bank-transactions.csv", import.meta.url);
const quiet = { info: () => {}, warn: () => {}, error: () => {} };
const A_DAY_MS = "86400000";

/** Starts the chain that a data directory has the journal of. */
export function startChainOf(dir: string, publisherKey: Hex): Promise<EmbeddedChain> {
  return startEmbeddedChain({ dir, port: 0, host: "127.0.0.1", publisherKey, log: quiet });
}

/** A real server, with real bank rows, over the public API; then it is stopped. */
export async function startGround(): Promise<Ground> {
  const dir = temporaryDirectory();
  const directories = [dir];
  const accounts = readBank(BANK)
    .filter(({ rows }) => rows.length >= ANCHORED + UNANCHORED)
    .slice(0, CUSTOMERS);
  const customers = accounts.map(({ customerId }) => customerId);
  const told: Record<string, Told[]> = Object.fromEntries(customers.map((id) => [id, []]));
  const record = async (target: Target, from: number, to: number) => {
    const deltas = accounts.flatMap(({ customerId, rows }) =>
      rows.slice(from, to).map(({ amountText, reason, transaction }) => ({
        customerId,
        delta: amountText,
        reason,
        referenceId: `bank_${transaction}`,
      })),
    );
    const { results } = dataOf(
      await send(target.url, { path: "/api/v1/balance/delta/batch", key: target.key, body: { deltas } }),
    );
    for (const { customerId, recordId, receiptId, deltaExact, status } of results as Members[]) {
      expect(status).to.equal("QUEUED");
      const sequence = told[customerId]!.length + 1;
      told[customerId]!.push({ sequence, recordId, receiptId, delta: deltaExact });
    }
  };
  const stated = customers[STATED]!;

  let server: Server = await startServer(dir);
  let target: Target = { url: server.url, key: apiKeyOf(dir) };
  const before = Date.now();
  await record(target, 0, FIRST);
  await anchored(target, told[customers.at(-1)!]!.at(-1)!.receiptId);
  const between = Date.now();
  await record(target, FIRST, ANCHORED);
  await anchored(target, told[customers.at(-1)!]!.at(-1)!.receiptId);
  const after = Date.now();
  const windows = [
    [before - 3_600_000, between],
    [between, after],
    [Date.UTC(2020, 0), Date.UTC(2020, 1)],
  ] as const;
  const roots: Hex[] = [];
  for (const [from, to] of windows) roots.push(await close(target, stated, from, to));
  for (const proofRoot of roots) await anchored(target, proofRoot);
  const [first, second, empty] = roots as [Hex, Hex, Hex];
  const files: GivenFiles = {
    blind: await filesOf(target, told, "/api/v1/receipt"),
    open: await filesOf(target, told, "/api/v1/balance/receipts"),
    checkpoints: {
      first: await file(target, `/api/v1/receipt/${first}`),
      second: await file(target, `/api/v1/receipt/${second}`),
      listed: await file(target, `/api/v1/receipt/${first}?deltas=true`),
      empty: await file(target, `/api/v1/receipt/${empty}`),
    },
  };
  const { chainId, contract, log } = server;
  await server.stop();

  // Once more, with a checkpoint job that has had its only round of the day: what is recorded now is not anchored.
  server = await startServer(dir, { TALLYROOT_ANCHOR_INTERVAL_MS: A_DAY_MS });
  target = { url: server.url, key: apiKeyOf(dir) };
  await eventually("the round is over", async () => {
    const { checks } = dataOf(await send(server.url, { path: "/readyz" }));
    return String(checks.anchoring.detail).includes("last round") || undefined;
  });
  await record(target, ANCHORED, ANCHORED + UNANCHORED);
  await server.stop();

  const key = (name: string) => readFileSync(join(dir, name), "utf8").trim() as Hex;
  const copy = async () => {
    const copied = temporaryDirectory();
    directories.push(copied);
    cpSync(dir, copied, { recursive: true });
    await copyDatabase(dir, copied);
    return copied;
  };
  const publisherKey = key("publisher-key");
  const chain = await startChainOf(await copy(), publisherKey);
  return {
    dir,
    customers,
    told,
    files,
    masterKey: key("master-key"),
    publisherKey,
    apiKey: key("api-key"),
    place: {
      chainId,
      contract: contract as Hex,
      log: log as Hex,
      codeHash: keccak256((await artifactOf("AnchorLog")).deployedBytecode),
    },
    chain,
    copy,
    async stop() {
      await chain.stop();
      for (const one of directories) removeDirectory(one);
    },
  };
}

/** Waits until the public receipt of a fingerprint is there. */
export async function anchored(target: Target, fingerprint: Hex): Promise<void> {
  await eventually(`${fingerprint} anchored`, async () => {
    const { status } = await send(target.url, { path: `/api/v1/receipt/${fingerprint}` });
    return status === 200 || undefined;
  });
}

async function close(target: Target, customerId: string, from: number, to: number): Promise<Hex> {
  const [startDate, endDate] = [new Date(from).toISOString(), new Date(to).toISOString()];
  const body = { customerId, startDate, endDate };
  const reply = await send(target.url, { path: "/api/v1/balance/checkpoint", key: target.key, body });
  return dataOf(reply).proofRoot as Hex;
}

/** A receipt file's bytes. */
export async function file(target: Target, path: string): Promise<Uint8Array> {
  const headers = { Accept: "application/vnd.tallyroot.receipt+json" };
  const { status, text } = await send(target.url, { path, key: target.key, headers });
  expect(status, text).to.equal(200);
  return Buffer.from(text);
}

async function filesOf(target: Target, told: Ground["told"], route: string): Promise<Record<string, Uint8Array[]>> {
  const files: Record<string, Uint8Array[]> = {};
  for (const [customerId, deltas] of Object.entries(told))
    files[customerId] = await Promise.all(deltas.map(({ receiptId }) => file(target, `${route}/${receiptId}`)));
  return files;
}

/** The bytes behind a hex text, as `#src/core/bytes.ts` reads them, in any case of letters. */
export function bytesOf(hex: string): Uint8Array {
  return fromHex(hex.toLowerCase());
}
