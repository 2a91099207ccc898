import { randomBytes } from "node:crypto";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { leafOf } from "#src/core/fingerprint.ts";
import { receiptText } from "#src/core/receipt.ts";
import { openContents } from "#src/ledger/contents.ts";
import type { AnchorStore } from "#src/ledger/ports/anchoring.ts";
import { RecordDamagedError } from "#src/ledger/ports/ledgers.ts";
import { receiptOf } from "#src/ledger/receipts.ts";
import { rederiveHead } from "#src/ledger/rederive.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import { openAnchorStore as openPostgresAnchors } from "#src/storage/postgres/anchors.ts";
import { openPostgres } from "#src/storage/postgres/database.ts";
import { openAnchorStore } from "#src/storage/sqlite/anchors.ts";
import { databaseFile, openDatabase } from "#src/storage/sqlite/database.ts";
import { openSqliteStore } from "#src/storage/sqlite/store.ts";
import { runCommand } from "#test/cli/command.ts";
import { dataOf, errorOf, eventually, type Members, send } from "#test/http/call.ts";
import { type Server, startServer } from "#test/http/server.ts";
import { databaseOf } from "#test/run/engine.ts";
import { sqlOn } from "#test/run/record-of.ts";
import { auditOf, type FoundRow } from "./audit.ts";
import { pinsOf, type Shown } from "./forgeries.ts";
import { ANCHORED, anchored, bytesOf, type Ground, STATED } from "./ground.ts";
import { startLyingApi } from "./liars.ts";
import {
  behindTheTriggers,
  type Edit,
  hideLastDelta,
  ledgerIdOf,
  ledgerNumberOf,
  NAIVELY,
  rewriteLedger,
  THOROUGHLY,
} from "./operator.ts";
import { openPublisher } from "./publisher.ts";

/** Records that the operator changed while the server was down, each in a copy of the data directory, and what came of it. */

export const EDITS: readonly Edit[] = ["edit", "delete", "insert", "reorder"];
export type Place = "anchored" | "unanchored";
/** The sequence that is changed: one in the first anchor, or one in none yet. */
const SEQUENCE: Readonly<Record<Place, number>> = { anchored: 2, unanchored: ANCHORED + 2 };

/** A changed record, and the chain that it is to be compared with. */
export type ChangedRecord = { dir: string; rpcUrl: string };

/** Which customer suffers what. */
export function victimOf({ customers }: Pick<Ground, "customers">, edit: Edit, place: Place): string {
  return customers[EDITS.indexOf(edit) + (place === "anchored" ? 0 : EDITS.length)]!;
}
/** Whose last deltas are cut off, or whose row rots; and whose statement hides a delta. */
const CUT = 2 * EDITS.length;
export const cutOf = ({ customers }: Pick<Ground, "customers">): string => customers[CUT]!;
export const statedOf = ({ customers }: Pick<Ground, "customers">): string => customers[STATED]!;

/** Every edit, in either place, done to one customer's rows and to nothing that follows from them. */
export async function naiveRecord(ground: Ground): Promise<ChangedRecord> {
  const dir = await ground.copy();
  const sql = await sqlOn(dir);
  for (const place of ["anchored", "unanchored"] as const) {
    for (const edit of EDITS)
      await NAIVELY[edit](sql, await ledgerNumberOf(sql, ground, victimOf(ground, edit, place)), SEQUENCE[place]);
  }
  const rotten = await ledgerNumberOf(sql, ground, cutOf(ground));
  const rot = "UPDATE deltas SET request_id = ? WHERE ledger = ? AND sequence = 3";
  await sql.change(rot, randomBytes(16), rotten);
  await sql.close();
  return { dir, rpcUrl: ground.chain.rpcUrl };
}

/** Every edit done to one customer's ledger, with everything computed anew that a key or a hash can. */
export async function thoroughRecord(ground: Ground, place: Place): Promise<ChangedRecord> {
  const dir = await ground.copy();
  const { masterKey } = ground;
  behindTheTriggers(dir, (db) => {
    for (const edit of EDITS) {
      const ledgerId = ledgerIdOf(db, ground, victimOf(ground, edit, place));
      rewriteLedger(db, { ledgerId, masterKey }, (entries) => THOROUGHLY[edit](entries, SEQUENCE[place]));
    }
    if (place === "anchored") hideLastDelta(db, ledgerIdOf(db, ground, statedOf(ground)));
    else {
      const ledgerId = ledgerIdOf(db, ground, cutOf(ground));
      rewriteLedger(db, { ledgerId, masterKey }, (entries) => THOROUGHLY.cut(entries, SEQUENCE[place] + 1));
    }
  });
  return { dir, rpcUrl: ground.chain.rpcUrl };
}

/** What the checkpoint job says of one ledger when it re-derives what is to be anchored: the problem, or undefined. */
export async function rederivation(
  ground: Ground,
  { dir }: ChangedRecord,
  customerId: string,
): Promise<string | undefined> {
  const { store, close } = await anchorStoreOf(dir);
  try {
    const sql = await sqlOn(dir);
    const id = await ledgerNumberOf(sql, ground, customerId);
    const [row] = await sql.all<{ last: number }>("SELECT max(sequence) AS last FROM deltas WHERE ledger = ?", id);
    await sql.close();
    const contents = openContents(store, sealingKey(fromHex(ground.masterKey)));
    await rederiveHead({ store, contents }, await store.ledger(id), await store.lastHead(id), row!.last);
    return undefined;
  } catch (error) {
    if (!(error instanceof RecordDamagedError)) throw error;
    return error.message.slice(error.message.lastIndexOf(": ") + 2);
  } finally {
    await close();
  }
}

/** What the checkpoint job reads of a record, whose server is not running. */
async function anchorStoreOf(dir: string): Promise<{ store: AnchorStore; close(): Promise<void> }> {
  const url = await databaseOf(dir);
  if (url === undefined) {
    const db = openDatabase(databaseFile(dir));
    return { store: openAnchorStore(db), close: async () => void db.close() };
  }
  const db = openPostgres(url, (message, cause) => {
    throw new Error(message, { cause });
  });
  // Nothing is written, so no lease is looked at.
  return { store: openPostgresAnchors(db, { name: "anchoring", holder: "nobody", token: 0 }), close: db.close };
}

/** What the real server says when it is started on a record that was changed under it. */
export type Objections = {
  /** Why anchoring halted. */
  halt: string;
  /** By edit, how it answers to a receipt that is no more. */
  answers: Record<Edit, string>;
  /** How it answers to a leaf where a fingerprint belongs, by route. */
  toLeaf: string[];
  /** What somebody in front of it says of an amount that he made up, and what becomes of the file that he hands out with it. */
  lyingApi: { verified: boolean; verify: string };
};

export async function objectionsTo(ground: Ground, { dir }: ChangedRecord): Promise<Objections> {
  const server = await startServer(dir, { TALLYROOT_LOG_LEVEL: "error" });
  try {
    const answers: Partial<Record<Edit, string>> = {};
    for (const edit of EDITS) {
      const { receiptId } = ground.told[victimOf(ground, edit, "anchored")]![SEQUENCE.anchored - 1]!;
      const reply = await send(server.url, { path: `/api/v1/receipt/${receiptId}` });
      answers[edit] = reply.status === 200 ? "a receipt" : errorOf(reply).code;
    }
    const halt = await haltOf(server);
    const [toLeaf, lyingApi] = [await answersToLeaf(ground, server), await throughLyingApi(ground, server)];
    return { halt, answers: answers as Record<Edit, string>, toLeaf, lyingApi };
  } finally {
    await server.stop();
  }
}

async function answersToLeaf(ground: Ground, { url }: Server): Promise<string[]> {
  const leaf = toHex(leafOf(fromHex(ground.told[statedOf(ground)]![0]!.receiptId)));
  const codes: string[] = [];
  for (const route of ["receipt", "verify"])
    codes.push(errorOf(await send(url, { path: `/api/v1/${route}/${leaf}` })).code);
  return codes;
}

/** Puts another amount into every answer, and `verified: true`. */
async function throughLyingApi(ground: Ground, { url }: Server): Promise<Objections["lyingApi"]> {
  const { receiptId } = ground.told[statedOf(ground)]![1]!;
  const liar = await startLyingApi(url, (_path, text) =>
    text.replace('"verified":false', '"verified":true').replace(/"amount": "-?[0-9]+"/, '"amount": "1"'),
  );
  try {
    const view = dataOf(await send(liar.url, { path: `/api/v1/verify/${receiptId}` }));
    const { output } = await runCommand("verify", `${liar.url}/verify/${receiptId}`, "--json");
    return { verified: view.verified, verify: (JSON.parse(output) as Members).failure };
  } finally {
    await liar.stop();
  }
}

function haltOf({ url }: Server): Promise<string> {
  return eventually("anchoring halted", async () => {
    const reply = await send(url, { path: "/readyz" });
    return reply.status === 503 ? (errorOf(reply).details.checks.anchoring.detail as string) : undefined;
  });
}

/** What the real server gives out once it has anchored a record that was rewritten before it was anchored. */
export type Aftermath = {
  /** By edit, the receipt that is now at the changed sequence, beside the receiptId that its customer was told. */
  shown: Record<Edit, Shown>;
  /** Where the customer whose last deltas were cut off finds his own notes to part from the record. */
  cut: string;
  /** What an audit finds in it, with the chain asked. */
  audit: FoundRow[];
  /** What the server says, and an audit finds, once the publisher has anchored a root behind the server's back. */
  stray: { halt: string; audit: FoundRow[] };
};

export async function anchorRewritten(ground: Ground): Promise<Aftermath> {
  const { dir } = await thoroughRecord(ground, "unanchored");
  const server: Server = await startServer(dir, { TALLYROOT_HALT_AFTER_MS: "1000" });
  const key = ground.apiKey;
  try {
    const shown: Partial<Record<Edit, Shown>> = {};
    for (const edit of EDITS) {
      const customerId = victimOf(ground, edit, "unanchored");
      const listed = await send(server.url, { path: `/api/v1/balance/customers/${customerId}/receipts`, key });
      const now = (dataOf(listed).receipts as Members[]).find(({ sequence }) => sequence === SEQUENCE.unanchored)!;
      await anchored({ url: server.url }, now.receiptId);
      const { text } = await send(server.url, { path: `/api/v1/receipt/${now.receiptId}` });
      const told = ground.told[customerId]![SEQUENCE.unanchored - 1]!.receiptId;
      const expected = { fingerprint: fromHex(told) };
      shown[edit] = shownOf(ground, `${edit} before it was anchored`, Buffer.from(text), expected);
    }
    const customerId = cutOf(ground);
    const theirs = ground.told[customerId]!.map(({ receiptId, delta }) => ({ receiptId, delta }));
    const compared = await send(server.url, { path: "/api/v1/balance/compare", key, body: { customerId, theirs } });
    const record = { dir, rpcUrl: server.rpcUrl };
    const before = await auditOf(record);

    await openPublisher(server.rpcUrl, ground.publisherKey).resume(ground.place).append(randomBytes(32), 1);
    const body = { customerId, delta: 1, reason: "one more" };
    await send(server.url, { path: "/api/v1/balance/delta", key, body });
    const stray = { halt: await haltOf(server), audit: await auditOf(record) };
    return { shown: shown as Record<Edit, Shown>, cut: dataOf(compared).divergence.kind, audit: before, stray };
  } finally {
    await server.stop();
  }
}

/** The receipts that a record gives whose past was rewritten under its anchors: they fit together, but not the chain. */
export async function receiptsOfRewritten(ground: Ground, { dir }: ChangedRecord): Promise<Record<Edit, Shown>> {
  const master = sealingKey(fromHex(ground.masterKey));
  const report = (message: string, cause: Error) => {
    throw new Error(message, { cause });
  };
  const store = openSqliteStore({ dir, master, clock: Date.now, report });
  const db = openDatabase(databaseFile(dir));
  try {
    const { chainId, contract, log } = ground.place;
    const place = { chainId, contract: bytesOf(contract), log: fromHex(log) };
    const shown: Partial<Record<Edit, Shown>> = {};
    for (const edit of EDITS) {
      const ledger = await store.ledgerById(ledgerIdOf(db, ground, victimOf(ground, edit, "anchored")));
      const receipt = await receiptOf({ store, place }, (await store.delta(ledger, SEQUENCE.anchored))!);
      if ("notYet" in receipt) throw new Error(receipt.notYet);
      shown[edit] = shownOf(ground, `${edit} after it was anchored`, Buffer.from(receiptText(receipt)));
    }
    return shown as Record<Edit, Shown>;
  } finally {
    db.close();
    store.close();
  }
}

/** A file of the honest log, as somebody sees it who pins everything. */
export function shownOf(ground: Ground, name: string, bytes: Uint8Array, expected: Shown["expected"] = {}): Shown {
  const pins = pinsOf(ground.place, ground.place.codeHash);
  return { name, bytes, expected, pins, confirmations: 1, endpoints: [ground.chain.rpcUrl] };
}
