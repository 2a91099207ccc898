import { expect } from "chai";
import type { Client } from "pg";
import { migrate } from "#src/storage/postgres/migrate.ts";
import {
  dataOf,
  errorOf,
  eventually,
  type Members,
  read,
  record,
  send,
  type Target,
  verified,
} from "#test/http/call.ts";
import {
  apiKeyOf,
  refusedStart,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { sqlClient } from "#test/storage/record-folder.ts";
import { answer, type Receiver, startReceiver } from "#test/webhooks/receiver.ts";
import { type CommandEnd, runHere, startCommand } from "./command.ts";
import {
  type Answers,
  answersTo,
  bankAccounts,
  deltasOf,
  differencesIn,
  IN_SQLITE,
  sqliteStoreIn,
  told,
} from "./migrate-ground.ts";

/** Accounts of the bank that are recorded: some 3,000 rows. */
const ACCOUNTS = 75;
const BATCH = 1_000;

const postgres = postgresOfThisFile();

describe("a record that is moved from SQLite into PostgreSQL", function () {
  this.timeout(120_000);
  const dir = temporaryDirectory();
  const accounts = bankAccounts(ACCOUNTS);
  let database: TestDatabase;
  let client: Client;
  let receiver: Receiver;
  let server: Server;
  let whileItRuns: CommandEnd;
  /** Whatever the server listens on, links in its answers are the same. */
  const settings = {
    ...IN_SQLITE,
    TALLYROOT_PUBLIC_URL: "https://record.example",
    TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true",
  };
  const over = () => ({ ...settings, TALLYROOT_DATABASE_URL: database.url });
  const here = (...words: string[]) => ["migrate", "--data-dir", dir, "--to", database.url, ...words];
  const target = (): Target => ({ url: server.url, key: apiKeyOf(dir) });
  const post = (path: string, body: Members, headers: Record<string, string> = {}, key = apiKeyOf(dir)) =>
    send(server.url, { path: `/api/v1${path}`, key, body, headers });

  /** What was asked with idempotency keys, to be asked again. */
  const asked: (readonly [path: string, body: Members, key: string])[] = [];
  const once = async (path: string, body: Members, key: string): Promise<Members> => {
    asked.push([path, body, key]);
    return dataOf(await post(path, body, { "Idempotency-Key": key }));
  };
  const made = {
    receipts: [] as string[],
    proofRoots: [] as string[],
    last: "",
    event: "",
    acme: "",
    reader: "",
    revoked: "",
  };
  const seen: Answers = new Map();

  /** Everything that a client, a counterparty and a verifier can read. */
  async function readAll(): Promise<Answers> {
    const some = [accounts[0]!, accounts[1]!, accounts[7]!, accounts.at(-1)!];
    const paths = [
      ...made.receipts.flatMap((id) => [`/receipt/${id}`, `/verify/${id}`, `/balance/receipts/${id}`]),
      ...made.proofRoots.map((root) => `/verify/${root}`),
      `/receipt/${made.proofRoots[0]}?deltas=true`,
      `/balance/receipts/${made.proofRoots[0]}`,
      `/consistency?from=${made.receipts[0]}&to=${made.receipts[2]}`,
      ...some.flatMap(({ customerId }) => [
        `/balance/derive/${customerId}?limit=100`,
        `/balance/customers/${customerId}`,
        `/balance/customers/${customerId}/receipts`,
        `/balance/receipt/${customerId}`,
        `/balance/invoice-proof/${customerId}`,
        `/balance/gaps/${customerId}`,
      ]),
      ...["/balance/customers?limit=100", "/balance/customers/summary", "/balance/checkpoints?limit=100", "/anchors"],
      ...["/keys", "/tenants", "/webhooks", "/balance/usage", "/balance/limits"],
    ];
    const answers = await answersTo(server.url, apiKeyOf(dir), paths);
    for (const [who, key] of [
      ["acme", made.acme],
      ["reader", made.reader],
      ["revoked", made.revoked],
    ] as const)
      answers.set(who, told(await send(server.url, { path: "/api/v1/balance/customers", key })));
    return answers;
  }

  before(async () => {
    database = await postgres.database();
    client = await database.client();
    receiver = await startReceiver(answer(503));
    server = await startServer(dir, settings);
    const rows = deltasOf(accounts);
    for (let at = 0; at < rows.length; at += BATCH) {
      const deltas = rows.slice(at, at + BATCH).map((row, i) => ({ ...row, idempotencyKey: `row ${at + i}` }));
      await once("/balance/delta/batch", { deltas }, `batch ${at}`);
    }
    const [a, b] = [accounts[0]!.customerId, accounts[1]!.customerId];
    const single = await once(
      "/balance/delta",
      { customerId: a, delta: "-0.000000000000000001", reason: "dust" },
      "one",
    );
    made.receipts.push(single.receiptId);
    const closed = await once("/balance/checkpoint", { timePreset: "current_month" }, "close all");
    expect(closed.customers ?? closed.count ?? closed.checkpoints, JSON.stringify(closed).slice(0, 300)).to.be.ok;
    const own = await once("/balance/checkpoint", { customerId: a, timePreset: "current_month" }, "close one");
    made.proofRoots.push(own.proofRoot);
    const selected = { customerId: a, mode: "selection", fingerprints: [single.receiptId] };
    made.proofRoots.push((await once("/balance/checkpoint", selected, "select")).proofRoot);
    // Content that is gone, and a ledger that goes on with a new key after that.
    for (const customerId of [b, accounts[7]!.customerId])
      await send(server.url, {
        method: "DELETE",
        path: `/api/v1/balance/customers/${customerId}/content`,
        key: apiKeyOf(dir),
      });
    const after = await record(target(), { customerId: b, delta: 3, reason: "after erasing" });
    made.receipts.push(after.receiptId);
    made.acme = dataOf(await post("/tenants", { name: "acme" })).apiKey;
    const theirs = { url: server.url, key: made.acme };
    await verified(theirs, (await record(theirs, { customerId: a, delta: 1, reason: "another's" })).recordId);
    await verified(target(), after.recordId);
    made.reader = dataOf(await post("/keys", { scope: "read", customerId: a, label: "for them" })).apiKey;
    const ended = dataOf(await post("/keys", { scope: "write", label: "ended" }));
    made.revoked = ended.apiKey;
    await post(`/keys/${ended.publicId}/revoke`, {});
    dataOf(await post("/webhooks", { url: receiver.url, events: ["delta.verified"] }));
    const last = await record(target(), { customerId: a, delta: 5, reason: "told of" });
    made.receipts.push(last.receiptId);
    made.last = last.recordId;
    await verified(target(), last.recordId);
    made.event = String((await receiver.until(1))[0]!.headers["x-event-id"]);
    // Asking for a statement makes one, and it is anchored: the answers are those that come again.
    await eventually("answers that stay", async () => {
      const earlier = [...seen.values()];
      for (const [path, text] of await readAll()) seen.set(path, text);
      return [...seen.values()].every((text, i) => text === earlier[i]) || undefined;
    });
    whileItRuns = await runHere(here());
    await server.stop();
  });
  after(async () => {
    await server.stop("SIGKILL");
    await receiver.stop();
    await database.drop();
    removeDirectory(dir);
  });

  const moving = async () => (await client.query("SELECT rows::int, step, ended_at FROM moving_in")).rows[0];

  const waiting = async () =>
    (
      await client.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      )
    ).rows.length > 0;

  /** What makes a move stand still: the first deltas are there, then all of them, then nearly everything. */
  async function holds(): Promise<{ step: string; text: string; values: unknown[] }[]> {
    const db = sqlClient(dir);
    const id = db.prepare<[], Buffer>("SELECT request_id FROM deltas WHERE id = 1200").pluck().get();
    db.close();
    return [
      // Whoever adds the same waits for the end of this.
      { step: "deltas", text: "INSERT INTO request_ids (request_id) VALUES ($1)", values: [id] },
      { step: "anchor_leaves", text: "LOCK TABLE anchor_leaves", values: [] },
      { step: "ledger_heads", text: "LOCK TABLE ledger_heads", values: [] },
    ];
  }

  it("is not moved while its server runs", () => {
    const { code, errors } = whileItRuns;
    expect(code).to.equal(10);
    expect(errors).to.contain("another process is running on the data directory");
  });

  it("is not left behind by a server that would begin anew in an empty database", async () => {
    const { code, errors } = await refusedStart(dir, over());
    expect(code).to.equal(1);
    expect(errors).to.contain("move it there with tallyroot migrate");
  });

  it("is moved on after each kill -9, and no server starts meanwhile, on either side", async () => {
    await migrate(database.url);
    let before = 0;
    for (const hold of await holds()) {
      const holder = await database.client();
      await holder.query("BEGIN");
      await holder.query(hold.text, hold.values);
      const { child, ended } = startCommand(here());
      await eventually("the move stands still", async () => (await waiting()) || undefined);
      child.kill("SIGKILL");
      await ended;
      await holder.query("ROLLBACK");
      const { rows, step, ended_at } = await moving();
      expect({ step, ended_at }).to.deep.equal({ step: hold.step, ended_at: null });
      expect(rows, step).to.be.greaterThan(before);
      before = rows;
    }
    const sqlite = await refusedStart(dir, settings);
    expect(sqlite.code).to.equal(1);
    expect(sqlite.errors).to.match(/this record is being moved to postgresql:.*run tallyroot migrate again/);
    const fresh = temporaryDirectory();
    const overHalf = await refusedStart(fresh, over());
    expect(overHalf.code).to.equal(1);
    expect(overHalf.errors).to.contain("a record is being moved into this database, and is not all there");
    expect((await client.query("SELECT count(*)::int AS n FROM tenants")).rows[0].n).to.equal(2);
    removeDirectory(fresh);
  });

  it("is refused where another record is being moved in", async () => {
    const other = temporaryDirectory();
    await sqliteStoreIn(other).close();
    const { code, errors } = await runHere(["migrate", "--data-dir", other, "--to", database.url]);
    expect(code).to.equal(10);
    expect(errors).to.contain("another data directory's record is being moved into this database");
    expect(errors).not.to.contain("password");
    removeDirectory(other);
  });

  it("ends clean, compared with the chain in its directory, and is not moved twice", async () => {
    // In a process of its own: it starts a chain.
    const { code, output, errors } = await startCommand(here()).ended;
    expect(code, output + errors).to.equal(0);
    expect(output).to.contain("\nCLEAN\n").and.to.contain("Start with TALLYROOT_DATABASE_URL");
    expect(output).not.to.contain("password");
    const { rows } = await client.query(`SELECT a.id FROM anchors a
      WHERE pending_since IS DISTINCT FROM (SELECT min(d.recorded_at) FROM anchor_leaves l JOIN deltas d ON d.ledger = l.ledger
        AND d.sequence > coalesce((SELECT max(p.count) FROM anchor_leaves p WHERE p.ledger = l.ledger AND p.checkpoint IS NULL AND p.anchor < a.id), 0)
        WHERE l.anchor = a.id AND l.checkpoint IS NULL)`);
    expect(rows).to.deep.equal([]);
    const again = await runHere(here());
    expect(again, again.errors).to.include({ code: 0 });
    expect(again.output).to.contain("since an earlier run");
    const elsewhere = await runHere(["migrate", "--data-dir", dir, "--to", (await postgres.database()).url]);
    expect(elsewhere.code).to.equal(10);
    expect(elsewhere.errors).to.contain("was moved to");
  });

  it("is not given up any more, and not recorded into in its old place", async () => {
    const { code, errors } = await runHere(here("--abandon"));
    expect(code).to.equal(10);
    expect(errors).to.contain("servers may have recorded there since");
    const old = await refusedStart(dir, settings);
    expect(old.code).to.equal(1);
    expect(old.errors).to.match(/this record was moved to postgresql:.*set TALLYROOT_DATABASE_URL/);
  });

  it("is answered byte for byte as before: receipts, proofs, statements, customers, keys and deliveries", async () => {
    server = await startServer(dir, over());
    const now = await readAll();
    expect([...now.keys()]).to.deep.equal([...seen.keys()]);
    expect(differencesIn(seen, now)).to.deep.equal([]);
    const refused = [...seen].filter(([, text]) => !text.startsWith("200 "));
    expect(refused.map(([path, text]) => [path, text.slice(0, 4)])).to.deep.equal([["revoked", "401 "]]);
  });

  it("repeats the answers of all requests that had an idempotency key", async () => {
    for (const [path, body, key] of asked) {
      const again = await post(path, body, { "Idempotency-Key": key });
      const { idempotent, results } = dataOf(again);
      expect(idempotent ?? results.every((each: Members) => each.idempotent), key).to.equal(true);
    }
    const [path, , key] = asked.at(-4)!;
    const other = await post(path, { customerId: "x", delta: 1, reason: "y" }, { "Idempotency-Key": key });
    expect(errorOf(other).code).to.equal("IDEMPOTENCY_CONFLICT");
  });

  it("goes on: sequences, the log, and deliveries that had not arrived", async () => {
    const { customerId } = accounts[0]!;
    const before = await read(target(), `/balance/delta/${made.last}`);
    receiver.behave = answer(200);
    await post(`/balance/webhooks/${made.event}/retry`, {});
    const delta = await record(target(), { customerId, delta: "0.5", reason: "on PostgreSQL" });
    expect(delta.sequence).to.equal(before.sequence + 1);
    const shown = await verified(target(), delta.recordId);
    const { anchors } = await read(target(), "/anchors?limit=1000");
    expect(anchors.map(({ index }: Members) => Number(index))).to.deep.equal(
      anchors.map((_: Members, i: number) => anchors.length - i),
    );
    expect(shown.receiptId).to.match(/^0x/);
    // Numbers that PostgreSQL gives out itself begin behind those that came.
    await record(target(), { customerId: "new_here", delta: 1, reason: "first" });
    dataOf(await post("/tenants", { name: "third" }));
    dataOf(await post("/balance/checkpoint", { customerId, timePreset: "current_month" }));
    const bodies = () => receiver.received.map(({ body }) => JSON.parse(body) as Members);
    await eventually(
      "its event",
      async () => bodies().some(({ data }) => data.recordId === delta.recordId) || undefined,
    );
    const { deliveries } = await read(target(), "/balance/webhooks?status=delivered");
    expect((deliveries as Members[]).map(({ eventId }) => eventId)).to.include(made.event);
  });

  it("is clean in both places afterwards, each compared with the chain", async () => {
    const url = await startCommand(["audit", database.url, "--rpc", server.rpcUrl]).ended;
    expect(url.code, url.output + url.errors).to.equal(0);
    expect(url.output).not.to.contain("The record goes on there");
    // The log has gone on without the old one, which says so, and is no worse for that.
    const old = await startCommand(["audit", dir, "--rpc", server.rpcUrl]).ended;
    expect(old.code, old.output + old.errors).to.equal(0);
    const { host, pathname } = new URL(database.url);
    expect(old.output)
      .to.match(/\n {2}moved +to postgresql:[^\n]* on 20\d\d-[^\n]*Z\. The record goes on there/)
      .and.to.contain(`${host}${pathname}`)
      .and.to.contain("the log has gone on by");
    const json = await startCommand(["audit", dir, "--json"]).ended;
    expect(JSON.parse(json.output))
      .to.deep.include({ clean: true, exitCode: 4 })
      .and.to.have.nested.property("moved.to");
  });
});
