import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import type { Client } from "pg";
import { dataOf, eventually, type Members, read, record, send, type Target, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  refusedStart,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { answer, type Receiver, startReceiver } from "#test/webhooks/receiver.ts";
import { type CommandEnd, runHere, startCommand } from "./command.ts";
import { type Answers, answersTo, bankAccounts, deltasOf, differencesIn, IN_SQLITE } from "./migrate-ground.ts";

/** Accounts of the bank, each half of whose rows is recorded before the way in, and half there: some 800. */
const ACCOUNTS = 10;

const postgres = postgresOfThisFile();

describe("a record that is moved from PostgreSQL back into its data directory", function () {
  this.timeout(120_000);
  const dir = temporaryDirectory();
  const elsewhere = temporaryDirectory();
  const place = temporaryDirectory();
  const accounts = bankAccounts(ACCOUNTS);
  const [a, b, c] = accounts.map(({ customerId }) => customerId) as [string, string, string];
  let database: TestDatabase;
  let client: Client;
  let receiver: Receiver;
  let server: Server;
  let whileItRuns: CommandEnd;
  let exported: CommandEnd;
  let seenAtExport: Answers;
  /** Whatever the server listens on, links in its answers are the same. */
  const settings = {
    ...IN_SQLITE,
    TALLYROOT_PUBLIC_URL: "https://record.example",
    TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true",
  };
  const over = () => ({ ...settings, TALLYROOT_DATABASE_URL: database.url });
  const back = (...words: string[]) => ["migrate", "--data-dir", dir, "--from", database.url, ...words];
  const target = (): Target => ({ url: server.url, key: apiKeyOf(dir) });
  const post = (path: string, body: Members, headers: Record<string, string> = {}) =>
    send(server.url, { path: `/api/v1${path}`, key: apiKeyOf(dir), body, headers });

  /** What was asked with idempotency keys, to be asked again. */
  const asked: (readonly [path: string, body: Members, key: string])[] = [];
  const once = async (path: string, body: Members, key: string): Promise<Members> => {
    asked.push([path, body, key]);
    return dataOf(await post(path, body, { "Idempotency-Key": key }));
  };
  const receipts: string[] = [];
  const roots: string[] = [];
  let event = "";
  const seen: Answers = new Map();

  const readAll = ({ url } = server) =>
    answersTo(url, apiKeyOf(dir), [
      ...receipts.flatMap((id) => [`/receipt/${id}`, `/verify/${id}`, `/balance/receipts/${id}`]),
      ...roots.map((root) => `/verify/${root}`),
      ...[`/receipt/${roots[0]}?deltas=true`, `/balance/receipts/${roots[0]}`],
      ...accounts.flatMap(({ customerId }) => [
        `/balance/derive/${customerId}?limit=100`,
        `/balance/customers/${customerId}/receipts`,
        `/balance/invoice-proof/${customerId}`,
      ]),
      ...["/balance/customers?limit=100", "/balance/customers/summary", "/balance/checkpoints?limit=100", "/anchors"],
      ...["/keys", "/tenants", "/webhooks", "/balance/usage", "/balance/limits"],
    ]);

  /** All deltas of an account, whose receipts are compared. */
  async function receiptsOf(customerId: string): Promise<string[]> {
    const { deltas } = await read(target(), `/balance/derive/${customerId}?limit=1000`);
    return (deltas as Members[]).map(({ receiptId }) => receiptId);
  }

  /** Notes the answers once they stay: asking for a statement makes one, and it is anchored. */
  const settled = () =>
    eventually("answers that stay", async () => {
      const earlier = new Map(seen);
      for (const [path, text] of await readAll()) seen.set(path, text);
      return differencesIn(earlier, seen).length === 0 || undefined;
    });

  before(async () => {
    database = await postgres.database();
    client = await database.client();
    receiver = await startReceiver(answer(503));
    // First over SQLite, as far as an anchor.
    server = await startServer(dir, settings);
    const halves = accounts.map(({ customerId, rows }) => {
      const middle = Math.ceil(rows.length / 2);
      return [rows.slice(0, middle), rows.slice(middle)].map((half) => ({ customerId, rows: half }));
    });
    await once("/balance/delta/batch", { deltas: deltasOf(halves.map(([first]) => first!)) }, "first");
    const early = await record(target(), { customerId: a, delta: 1, reason: "over SQLite" });
    await verified(target(), early.recordId);
    await server.stop();
    const there = await startCommand(["migrate", "--data-dir", dir, "--to", database.url]).ended;
    expect(there.code, there.output + there.errors).to.equal(0);

    // Then over PostgreSQL: more of all.
    server = await startServer(dir, over());
    await once("/balance/delta/batch", { deltas: deltasOf(halves.map(([, second]) => second!)) }, "second");
    await once("/balance/delta", { customerId: a, delta: "-0.000000000000000001", reason: "dust" }, "one");
    await once("/balance/checkpoint", { timePreset: "current_month" }, "close all");
    const closed = await once("/balance/checkpoint", { customerId: a, timePreset: "current_month" }, "close one");
    roots.push(closed.proofRoot);
    const { receiptId } = await record(target(), { customerId: c, delta: "7.5", reason: "selected" });
    const selected = { customerId: c, mode: "selection", fingerprints: [receiptId] };
    roots.push((await once("/balance/checkpoint", selected, "select")).proofRoot);
    await send(server.url, { method: "DELETE", path: `/api/v1/balance/customers/${b}/content`, key: apiKeyOf(dir) });
    const kept = await record(target(), { customerId: b, delta: 3, reason: "after erasing" });
    // So that all that is told of comes later.
    await verified(target(), kept.recordId);
    dataOf(await post("/tenants", { name: "acme" }));
    dataOf(await post("/keys", { scope: "read", customerId: a, label: "for them" }));
    dataOf(await post("/webhooks", { url: receiver.url, events: ["delta.verified"] }));
    const last = await record(target(), { customerId: a, delta: 5, reason: "told of" });
    await verified(target(), last.recordId);
    event = String((await receiver.until(1))[0]!.headers["x-event-id"]);
    for (const customerId of [a, b, c]) receipts.push(...(await receiptsOf(customerId)));
    await settled();
    const words = ["export", "--data-dir", dir, "--from", database.url, "--out", join(place, "bundle"), "--with-keys"];
    exported = await runHere(words);
    seenAtExport = new Map(seen);
    whileItRuns = await runHere(["migrate", "--data-dir", elsewhere, "--from", database.url]);
    const open = dataOf(await post("/balance/delta", { customerId: "goes_on", delta: 1, reason: "still open" }));
    await verified(target(), open.recordId);
    await settled();
    await server.stop();
  });
  after(async () => {
    await server.stop("SIGKILL");
    await receiver.stop();
    await database.drop();
    for (const one of [dir, elsewhere, place]) removeDirectory(one);
  });

  const leaving = async () => (await client.query("SELECT place, ended_at FROM moving_out")).rows[0];

  /** Kills the move once something holds it up. */
  async function killWhen(isHeld: () => Promise<boolean>, words: string[]): Promise<void> {
    const { child, ended } = startCommand(words);
    await eventually("the move stands still", async () => (await isHeld()) || undefined, 60_000);
    child.kill("SIGKILL");
    await ended;
  }

  const waiting = async () =>
    (
      await client.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'relation'",
      )
    ).rows.length > 0;

  /** Holds a lock meanwhile. */
  async function holding(text: string, work: () => Promise<void>): Promise<void> {
    const holder = await database.client();
    await holder.query("BEGIN");
    await holder.query(text);
    await work();
    await holder.query("ROLLBACK");
  }

  /** Kills the move when all of it is copied, and the chain is asked about it. */
  async function killAtTheChain(): Promise<void> {
    let calls = 0;
    // Takes every question and answers none.
    const silent = createServer(() => {
      calls += 1;
    }).listen(0, "127.0.0.1");
    await eventually("a port", async () => silent.listening || undefined);
    const rpc = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await killWhen(async () => calls > 0, back("--rpc", rpc));
    silent.closeAllConnections();
    silent.close();
  }

  async function expectNoStart(): Promise<void> {
    const overDirectory = await refusedStart(dir, settings);
    expect(overDirectory.code).to.equal(1);
    expect(overDirectory.errors).to.contain("is being moved into this data directory").and.to.contain("--abandon");
    const overDatabase = await refusedStart(dir, over());
    expect(overDatabase.code).to.equal(1);
    expect(overDatabase.errors).to.contain("is being moved into the data directory");
  }

  it("is not moved while a server runs over it, which goes on", () => {
    const { code, errors } = whileItRuns;
    expect(code).to.equal(10);
    expect(errors).to.contain("stop all servers over it");
  });

  it("was exported meanwhile, into a bundle on which a server answers the same", async () => {
    expect(exported.code, exported.errors).to.equal(0);
    const imported = join(place, "imported");
    const { code, errors } = await runHere(["import", join(place, "bundle"), "--data-dir", imported]);
    expect(code, errors).to.equal(0);
    const another = await startServer(imported, settings);
    const differences = differencesIn(seenAtExport, await readAll(another));
    await another.stop();
    expect(differences).to.deep.equal([]);
  });

  it("starts nowhere over the directory after a kill -9 before the database was closed", async () => {
    // Whoever is still writing is waited for.
    await holding("INSERT INTO leases VALUES ('a writer', 1, 'x', now())", () => killWhen(waiting, back()));
    expect(await leaving()).to.equal(undefined);
    await expectNoStart();
  });

  it("starts nowhere after a kill -9 when all of it is copied, nor in the middle of the rows", async () => {
    await killAtTheChain();
    expect(existsSync(join(dir, "tallyroot.db.coming"))).to.equal(true);
    await holding("LOCK TABLE anchor_leaves", () => killWhen(waiting, back()));
    expect(await leaving()).to.deep.equal({ place: dir, ended_at: null });
    await expectNoStart();
    const { code, errors } = await refusedStart(elsewhere, over());
    expect(code).to.equal(1);
    expect(errors)
      .to.contain(`the record in this database is being moved into the data directory ${dir}`)
      .and.to.contain("--abandon");
    // What it was before it was moved in, and where that went.
    const audit = await startCommand(["audit", dir]).ended;
    expect(audit.output).to.contain("The record goes on there");
  });

  it("goes on in the database after all where the move is given up", async () => {
    const { code, output, errors } = await runHere(back("--abandon"));
    expect(code, errors).to.equal(0);
    expect(output).to.contain("the record stays in the database");
    expect(readdirSync(dir).filter((name) => name.includes("coming"))).to.deep.equal([]);
    expect(await leaving()).to.equal(undefined);
    server = await startServer(dir, over());
    const delta = await record(target(), { customerId: "goes_on", delta: 1, reason: "in the database" });
    await verified(target(), delta.recordId);
    await settled();
    await server.stop();
    const none = await runHere(back("--abandon"));
    expect(none.code).to.equal(10);
    expect(none.errors).to.contain("there is nothing to abandon");
  });

  it("ends clean, compared with the chain in its directory, also where kills came before its last steps", async () => {
    await killAtTheChain();
    // What waits is the note that it has ended, which the database makes though nobody is there any more to hear of it.
    await holding("LOCK TABLE moving_out IN SHARE MODE", () => killWhen(waiting, back()));
    await eventually("the note", async () => (await leaving()).ended_at ?? undefined);
    await expectNoStart();
    const { code, output, errors } = await startCommand(back()).ended;
    expect(code, output + errors).to.equal(0);
    expect(output).to.contain("\nCLEAN\n").and.to.contain("Start over it without TALLYROOT_DATABASE_URL");
    expect(output + errors).not.to.contain("password");
    expect(readdirSync(dir).filter((name) => name.includes("coming"))).to.deep.equal([]);
    const again = await runHere(back());
    expect(again, again.errors).to.include({ code: 0 });
    expect(again.output).to.contain("since an earlier run");
  });

  it("does not go on in the database, by name, and is not given up or moved elsewhere any more", async () => {
    const { code, errors } = await refusedStart(elsewhere, over());
    expect(code).to.equal(1);
    expect(errors).to.contain(`the record in this database was moved into the data directory ${dir} on 20`);
    const here = await refusedStart(dir, over());
    expect(here.errors).to.contain("was moved out of postgresql:").and.to.contain("without TALLYROOT_DATABASE_URL");
    for (const words of [
      ["migrate", "--data-dir", elsewhere, "--from", database.url],
      back("--abandon"),
      ["migrate", "--data-dir", elsewhere, "--from", database.url, "--abandon"],
      ["export", "--data-dir", dir, "--out", join(elsewhere, "bundle"), "--from", database.url],
    ]) {
      const refused = await runHere(words);
      expect(refused.code, words.join(" ")).to.be.oneOf([2, 10]);
      expect(refused.errors, words.join(" ")).to.contain(`was moved into the data directory ${dir}`);
    }
  });

  it("is answered byte for byte as the server over PostgreSQL did: receipts, proofs, statements, customers, keys", async () => {
    server = await startServer(dir, settings);
    expect(receipts).to.have.length.of.at.least(20);
    expect(differencesIn(seen, await readAll())).to.deep.equal([]);
    const refused = [...seen].filter(([, text]) => !text.startsWith("200 "));
    // Those of content that is gone.
    expect(new Set(refused.map(([path, text]) => `${path.replace(/0x.*/, "")} ${text.slice(0, 3)}`))).to.deep.equal(
      new Set(["/balance/receipts/ 410"]),
    );
    expect(refused).to.have.length(accounts[1]!.rows.length);
  });

  it("repeats the answers of all requests that had an idempotency key, wherever it was when they came", async () => {
    for (const [path, body, key] of asked) {
      const { idempotent, results } = dataOf(await post(path, body, { "Idempotency-Key": key }));
      expect(idempotent ?? results.every((each: Members) => each.idempotent), key).to.equal(true);
    }
  });

  it("goes on under the same log: sequences, anchors, and deliveries that had not arrived", async () => {
    const before = await receiptsOf(a);
    const earlier = await read(target(), "/anchors?limit=1000");
    receiver.behave = answer(200);
    await post(`/balance/webhooks/${event}/retry`, {});
    const delta = await record(target(), { customerId: a, delta: "0.5", reason: "back on SQLite" });
    expect(delta.sequence).to.equal(before.length + 1);
    await verified(target(), delta.recordId);
    await record(target(), { customerId: "new_here", delta: 1, reason: "first" });
    dataOf(await post("/tenants", { name: "third" }));
    dataOf(await post("/balance/checkpoint", { customerId: a, timePreset: "current_month" }));
    const { anchors } = await read(target(), "/anchors?limit=1000");
    expect(anchors.length).to.be.greaterThan(earlier.anchors.length);
    expect(anchors.map(({ index }: Members) => Number(index))).to.deep.equal(
      anchors.map((_: Members, i: number) => anchors.length - i),
    );
    const bodies = () => receiver.received.map(({ body }) => JSON.parse(body) as Members);
    await eventually(
      "its event",
      async () => bodies().some(({ data }) => data.recordId === delta.recordId) || undefined,
    );
  });

  it("is clean in both places afterwards, and the database says that it went on elsewhere", async () => {
    const here = await startCommand(["audit", dir, "--rpc", server.rpcUrl]).ended;
    expect(here.code, here.output + here.errors).to.equal(0);
    expect(here.output).not.to.contain("The record goes on there");
    const left = await startCommand(["audit", database.url, "--rpc", server.rpcUrl]).ended;
    expect(left.code, left.output + left.errors).to.equal(0);
    expect(left.output).to.contain(`to ${dir} on 20`).and.to.contain("the log has gone on by");
  });

  it("moves into another database again, and not into the one that it left", async () => {
    await server.stop();
    const same = await runHere(["migrate", "--data-dir", dir, "--to", database.url]);
    expect(same.code).to.equal(10);
    expect(same.errors).to.contain("the database has a record of its own");
    const next = await postgres.database();
    const { code, output, errors } = await startCommand(["migrate", "--data-dir", dir, "--to", next.url]).ended;
    expect(code, output + errors).to.equal(0);
    await next.drop();
  });
});
