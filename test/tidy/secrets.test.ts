import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { placeOf, startCommand } from "#test/cli/command.ts";
import { dataOf, eventually, type Members, record, send, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  refusedStart,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";
import { databaseOf, ENGINE } from "#test/run/engine.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { overSqlite } from "#test/run/sqlite-only.ts";

const MASTER_KEY = `0x${"5eC7e7aB".repeat(8)}`;
const PUBLISHER_KEY = `0x${"17".repeat(31)}a9`;
const METRICS_TOKEN = "metrics-token-that-nobody-may-see";
const RPC_KEY = "rpcKeyOfTheProvider0815";
const RPC_PASSWORD = "rpc-password-4711";
const DATABASE_PASSWORD = "database-password-0042";

/** A provider's endpoint with a key in its path, in front of a real chain. `lies`: it refuses, and repeats the key, as providers do. */
async function startProvider(target: string): Promise<{ url: string; state: { mood: string }; server: HttpServer }> {
  const state = { mood: "well" };
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (state.mood === "gone") return void response.destroy();
    response.setHeader("content-type", "application/json");
    if (state.mood === "refusing") {
      const { authorization } = request.headers;
      const told = Buffer.from(String(authorization).split(" ")[1] ?? "", "base64").toString();
      const message = `project ${request.url} of ${told} has no credits left`;
      return void response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, error: { code: -32_001, message } }));
    }
    const body = Buffer.concat(parts);
    const answer = await fetch(target, { method: "POST", body, headers: { "content-type": "application/json" } });
    response.end(await answer.text());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://user:${RPC_PASSWORD}@127.0.0.1:${port}/v3/${RPC_KEY}`, state, server };
}

/** Where a data directory's database is, for a user whose password nobody may see; nothing where the record is in the directory. */
async function asUserWithPassword(dir: string): Promise<Record<string, string>> {
  const database = await databaseOf(dir);
  if (database === undefined) return {};
  await changeBehind(dir, `CREATE USER keeper SUPERUSER PASSWORD '${DATABASE_PASSWORD}'`);
  const url = new URL(database);
  [url.username, url.password] = ["keeper", DATABASE_PASSWORD];
  return { TALLYROOT_DATABASE_URL: url.href };
}

/** How a secret may be written. */
function spellings(secret: string): string[] {
  const bare = secret.replace(/^0x/, "");
  const bytes = /^[0-9a-f]{64}$/i.test(bare) ? Buffer.from(bare, "hex") : Buffer.from(secret);
  return [bare, bytes.toString("base64"), bytes.toString("base64url"), bytes.toString("hex"), [...bytes].join()];
}

describe("secrets", () => {
  const place = temporaryDirectory();
  const dir = join(place, "data");
  const chainDir = join(place, "chain");
  const empty = join(place, "empty");
  /** Everything that left the server, by where. */
  const seen: [where: string, text: string][] = [];
  const secrets: [name: string, secret: string][] = [
    ["master key", MASTER_KEY],
    ["publisher key", PUBLISHER_KEY],
    ["metrics token", METRICS_TOKEN],
    ["key of the RPC endpoint", RPC_KEY],
    ["password of the RPC endpoint", RPC_PASSWORD],
    ["password of the database", DATABASE_PASSWORD],
  ];
  let chain: Server;
  let provider: Awaited<ReturnType<typeof startProvider>>;
  let hook: HttpServer;
  let server: Server;
  let settings: Record<string, string>;
  let environ: string;

  before(async () => {
    chain = await startServer(chainDir, { TALLYROOT_PUBLISHER_KEY: PUBLISHER_KEY });
    provider = await startProvider(chain.rpcUrl);
    hook = createServer((_request, response) => void response.writeHead(500).end("no"));
    await new Promise<void>((done) => hook.listen(0, "127.0.0.1", done));
    settings = {
      TALLYROOT_CHAIN: "rpc",
      TALLYROOT_RPC_URL: provider.url,
      TALLYROOT_CONFIRMATIONS: "1",
      TALLYROOT_PUBLISHER_KEY: PUBLISHER_KEY,
      TALLYROOT_MASTER_KEY: MASTER_KEY,
      TALLYROOT_METRICS_TOKEN: METRICS_TOKEN,
      TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true",
      TALLYROOT_LOG_LEVEL: "debug",
      ...(await asUserWithPassword(dir)),
    };
    // The first start shows a key once, as it says; what counts begins with the second.
    await (await startServer(dir, settings)).stop();
    server = await startServer(dir, settings);
    const admin = apiKeyOf(dir);
    const target = { url: server.url, key: admin };
    secrets.push(["first API key", admin.split(".")[1]!]);

    // Those that are shown once, to whoever makes them; from there on to nobody.
    const made = async (path: string, body: Members) =>
      dataOf(await send(server.url, { path: `/api/v1${path}`, key: admin, body }));
    const { apiKey } = await made("/keys", { scope: "write", label: "another" });
    const { apiKey: theirs } = await made("/tenants", { name: "acme" });
    const { port } = hook.address() as AddressInfo;
    const { secret, id } = await made("/webhooks", {
      url: `http://127.0.0.1:${port}/hook`,
      events: ["delta.verified"],
    });
    secrets.push(["API key", apiKey.split(".")[1]], ["API key of a tenant", theirs.split(".")[1]]);
    secrets.push(["webhook secret", secret.replace("whsec_", "")]);

    const look = async (where: string, path: string, more: Members = {}) => {
      const reply = await send(server.url, { path, key: admin, ...more });
      seen.push([where, `${reply.text}\n${JSON.stringify([...reply.headers])}`]);
      return reply;
    };
    const body = { customerId: "c", delta: 1, reason: "r" };
    const first = await record(target, body, { "Idempotency-Key": "one" });
    await verified(target, first.recordId);
    const delta = "/api/v1/balance/delta";
    const wrong = [
      { body: "{", headers: {} },
      { body: { ...body, delta: "1e99" } },
      { body: { ...body, unknown: secret } },
      { body: { ...body, delta: 2 }, headers: { "Idempotency-Key": "one" } },
      { body: "x".repeat(3_000_000) },
      { body, headers: { "Content-Type": "text/plain" } },
      { body, key: `${admin}x` },
      { body, key: admin.replace(/..$/, "zz") },
      { body, key: PUBLISHER_KEY },
      { method: "PUT", body },
    ];
    for (const [i, request] of wrong.entries()) {
      // A member's name is told to whoever sent it: that one is not a leak.
      const reply = await look(`wrong request ${i}`, delta, request);
      if (i === 2) seen.pop();
      expect(reply.status, reply.text).to.be.within(400, 499);
    }
    const pages = [
      "/api/v1/keys",
      "/api/v1/keys/current",
      "/api/v1/webhooks",
      `/api/v1/webhooks/${id}`,
      "/api/v1/tenants",
    ];
    const open = ["/api/v1/chain", "/api/v1/anchors", "/healthz", "/readyz", "/openapi.json", "/docs", "/nowhere"];
    for (const path of [...pages, ...open]) await look(path, path);
    await look("test of the webhook", `/api/v1/webhooks/${id}/test`, { body: {} });
    await look("deliveries", "/api/v1/balance/webhooks");
    await look("metrics", "/metrics", { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } });
    await look("metrics without the token", "/metrics");

    for (const mood of ["refusing", "gone"]) {
      provider.state.mood = mood;
      await record(target, { ...body, reason: mood });
      await eventually(`anchoring waits, since its endpoint is ${mood}`, async () => {
        const { text } = await send(server.url, { path: "/readyz" });
        return text.includes(mood === "refusing" ? "no credits" : "does not answer") ? true : undefined;
      });
      for (const path of ["/readyz", `/api/v1/verify/${first.receiptId}?source=chain`, "/api/v1/chain"])
        await look(`${path}, endpoint ${mood}`, path);
      await look(`metrics, endpoint ${mood}`, "/metrics", { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } });
    }
    const proc = (name: string) => readFileSync(`/proc/${server.child.pid}/${name}`, "utf8");
    seen.push(["command line", proc("cmdline")], ["title", proc("comm")], ["status", proc("status")]);
    environ = proc("environ");
    await server.stop();
    seen.push(["standard output", server.output()], ["standard error", server.errors()]);
  });

  after(async () => {
    await Promise.all([server?.stop(), chain?.stop()]);
    for (const one of [provider?.server, hook]) {
      one?.closeAllConnections();
      one?.close();
    }
    for (const one of [chainDir, dir, empty, place]) removeDirectory(one);
  });

  function leaks(texts: readonly (readonly [where: string, text: string])[]): string[] {
    return texts.flatMap(([where, text]) =>
      secrets.flatMap(([name, secret]) =>
        spellings(secret).some((spelling) => text.toLowerCase().includes(spelling.toLowerCase()))
          ? [`${name}: ${where}`]
          : [],
      ),
    );
  }

  it("leave the server nowhere: not in answers, logs, figures, nor in what others of the machine see of the process", () => {
    expect(secrets).to.have.lengthOf(10);
    expect(leaks(seen)).to.deep.equal([]);
    // It was made to talk, and the search does find what is there.
    const text = (where: string) => seen.find(([name]) => name === where)![1];
    expect(text("standard output")).to.match(/"level":40|"level":50|"level":30|"level":20/);
    expect(text("/readyz, endpoint refusing")).to.match(/project .* has no credits left/);
    expect(leaks([["here", `x${PUBLISHER_KEY.slice(2).toUpperCase()}x`]])).to.deep.equal(["publisher key: here"]);
    expect(leaks([["here", Buffer.from(MASTER_KEY.slice(2), "hex").toString("base64")]])).to.have.lengthOf(1);
  });

  it("that come by environment variables can be read by the same user in /proc: files of the data directory cannot be seen there", async () => {
    expect(leaks([["environment", environ]])).to.include.members([
      "master key: environment",
      "publisher key: environment",
    ]);
    const own = temporaryDirectory();
    const second = await startServer(own);
    const text = readFileSync(`/proc/${second.child.pid}/environ`, "utf8");
    const keys = ["master-key", "publisher-key", "api-key"].map((name) => readFileSync(join(own, name), "utf8").trim());
    await second.stop();
    removeDirectory(own);
    expect(keys.filter((key) => text.includes(key.replace(/^0x/, "")))).to.deep.equal([]);
  });

  it("are not repeated by a refusal of the setting that they are in", async () => {
    const wrong: readonly (readonly [name: string, value: string, why?: string])[] = [
      ["TALLYROOT_MASTER_KEY", `${MASTER_KEY}ff`],
      ["TALLYROOT_PUBLISHER_KEY", PUBLISHER_KEY.slice(0, -1)],
      ["TALLYROOT_METRICS_TOKEN", `${METRICS_TOKEN} `],
      ["TALLYROOT_RPC_URL", provider.url.replace("http://", "htp://")],
      ["TALLYROOT_MASTER_KEY", `0x${"ab".repeat(32)}`],
      ["TALLYROOT_DATABASE_URL", `postgres:/keeper:${DATABASE_PASSWORD}@127.0.0.1/record`],
      [
        "TALLYROOT_DATABASE_URL",
        `postgresql://keeper:${DATABASE_PASSWORD}@127.0.0.1:1/record`,
        "the database does not answer",
      ],
    ];
    for (const [name, value, why = name] of wrong) {
      // A directory that has a record of its own is refused with any database.
      const place = name === "TALLYROOT_DATABASE_URL" ? empty : dir;
      const { code, output, errors } = await refusedStart(place, { ...settings, [name]: value });
      expect(code, name).to.equal(1);
      expect(errors, name)
        .to.match(/^tallyroot: .+\n$/)
        .and.include(why);
      expect(leaks([[name, output + errors]])).to.deep.equal([]);
    }
  });
});

/** What a directory has while its server runs; and of the record, where that is in it. */
const FILES = ["chain.journal", "server.json", "master-key", "publisher-key", "api-key"];
const RECORD_FILES = {
  sqlite: ["tallyroot.db", "tallyroot.db-wal", "tallyroot.db-shm", "lock.db"],
  postgres: [],
}[ENGINE];

describe("files of the server", () => {
  const place = temporaryDirectory();
  const [dir, shared] = [join(place, "data"), join(place, "shared")];
  after(() => {
    for (const one of [dir, shared, place]) removeDirectory(one);
  });

  const modesIn = (dir: string) =>
    Object.fromEntries(readdirSync(dir).map((name) => [name, statSync(join(dir, name)).mode & 0o777]));

  async function underLaxUmask(work: () => Promise<void>): Promise<void> {
    const before = process.umask(0o000);
    try {
      await work();
    } finally {
      process.umask(before);
    }
  }

  it("are its user's alone, under a lax umask and when their modes were widened", () =>
    underLaxUmask(async () => {
      let server = await startServer(dir);
      await record({ url: server.url, key: apiKeyOf(dir) }, { customerId: "c", delta: 1, reason: "r" });
      await server.stop("SIGKILL");
      for (const name of readdirSync(dir)) chmodSync(join(dir, name), 0o666);
      chmodSync(dir, 0o777);
      server = await startServer(dir);
      const modes = modesIn(dir);
      expect(modes).to.include.keys(...FILES, ...RECORD_FILES);
      expect(new Set(Object.values(modes))).to.deep.equal(new Set([0o600]));
      expect(statSync(dir).mode & 0o777).to.equal(0o700);
      await copiedBy("export", join(place, "bundle"));
      await server.stop();
    }));

  /** Has a command copy the directory, with the keys. */
  async function copiedBy(command: "export" | "backup", out: string): Promise<void> {
    const words = [command, "--data-dir", dir, "--out", out, "--with-keys"];
    const end = await startCommand(words, await placeOf(dir)).ended;
    expect(end.code, end.errors).to.equal(0);
    expect(new Set(Object.values(modesIn(out))), command).to.deep.equal(new Set([0o600]));
    expect(statSync(out).mode & 0o777).to.equal(0o700);
  }

  overSqlite("secrets-backup", () => {
    it("are its user's alone in a backup, and where that is put back", () =>
      underLaxUmask(async () => {
        const [backup, elsewhere] = [join(place, "backup"), join(place, "elsewhere")];
        const server = await startServer(dir);
        await copiedBy("backup", backup);
        await server.stop();
        for (const name of readdirSync(backup)) chmodSync(join(backup, name), 0o644);
        const words = ["restore", "--from", backup, "--data-dir", elsewhere, "--nothing-since"];
        expect((await startCommand(words).ended).code).to.equal(0);
        expect(new Set(Object.values(modesIn(elsewhere)))).to.deep.equal(new Set([0o600]));
        expect(statSync(elsewhere).mode & 0o777).to.equal(0o700);
      }));
  });

  it("leave a directory that they share with somebody's files as open as it was", async () => {
    mkdirSync(shared, { mode: 0o755 });
    chmodSync(shared, 0o755);
    writeFileSync(join(shared, "notes"), "", { mode: 0o644 });
    chmodSync(join(shared, "notes"), 0o644);
    await (await startServer(shared)).stop();
    await (await startServer(shared)).stop();
    const { notes, ...ours } = modesIn(shared);
    expect([statSync(shared).mode & 0o777, notes]).to.deep.equal([0o755, 0o644]);
    expect(new Set(Object.values(ours))).to.deep.equal(new Set([0o600]));
  });
});
