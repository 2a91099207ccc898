import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { pino } from "pino";
import { ChainStartError } from "./chain/embedded/errors.ts";
import { startEmbeddedChain } from "./chain/embedded/start.ts";
import { establishPlace } from "./chain/establish.ts";
import { openWitness } from "./chain/witness.ts";
import { startCheckpointJob } from "./checkpoint-thread.ts";
import { readConfig, SettingError } from "./config.ts";
import { checksumAddress } from "./core/address.ts";
import { fromHex, toHex } from "./core/bytes.ts";
import { ChainUnavailableError, TallyrootError } from "./core/errors.ts";
import { installKeccak } from "./core/keccak.ts";
import { fastKeccak } from "./fast-keccak.ts";
import { createApp } from "./http/app.ts";
import { ROUTES } from "./http/route-table.ts";
import { makeApiKey } from "./ledger/api-keys.ts";
import { openContents } from "./ledger/contents.ts";
import { sealingKey } from "./ledger/seal.ts";
import { openDataDirectory } from "./storage/data-directory.ts";
import { lockDirectory, StorageRefusedError } from "./storage/sqlite/database.ts";
import { openSqliteStore } from "./storage/sqlite/store.ts";
import { welcome } from "./welcome.ts";

/** Milliseconds that open requests get to end when the server stops. */
const DRAIN_MS = 3_000;

/** Mistakes that the person at the terminal can mend: shown as one sentence, without a stack. */
const EXPECTED = [SettingError, StorageRefusedError, ChainStartError, ChainUnavailableError, TallyrootError];

async function main(): Promise<void> {
  const config = readConfig();
  const log = pino({ level: config.logLevel, redact: ["*.headers"] });

  // What is on disk, ours alone from here on.
  const dir = openDataDirectory(resolve(config.dataDir));
  const lock = lockDirectory(dir.path);
  const masterKey = config.masterKey ?? dir.key("master-key");
  const master = sealingKey(fromHex(masterKey.toLowerCase(), 32));
  installKeccak(await fastKeccak());
  const store = openSqliteStore({ dir: dir.path, master, clock: Date.now, report: (message, error) => log.error({ err: error }, message) });
  const contents = openContents(store, master);

  // The first tenant and its key.
  const tenant = await store.tenantByName("default");
  let newKey: string | undefined;
  if (!tenant) {
    const { id } = await store.addTenant("default", Date.now());
    newKey = await makeApiKey(store, { tenantId: id, scope: "admin", label: "made at the first start", mode: config.chain.kind === "rpc" ? "live" : "test", now: Date.now() });
    dir.write("api-key", `${newKey}\n`);
  }

  // The chain, and the place on it.
  const publisherKey = config.publisherKey ?? dir.key("publisher-key");
  const embedded =
    config.chain.kind === "embedded" ? await startEmbeddedChain({ dir: dir.path, port: config.chain.port, host: config.host, publisherKey, log }) : undefined;
  const rpcUrl = embedded?.rpcUrl ?? (config.chain as { rpcUrl: string }).rpcUrl;
  const place = await establishPlace({ rpcUrl, publisherKey, contract: config.contract, facts: store.facts, freshSalt: () => randomBytes(32) });

  // What runs: the checkpoint job beside the API.
  const job = startCheckpointJob(
    { dataDir: dir.path, masterKey, publisherKey, rpcUrl, place: { chainId: place.chainId, contract: place.contract, log: place.log }, confirmations: config.confirmations, intervalMs: config.anchorIntervalMs },
    log,
  );
  let url = "";
  const service = {
    store,
    contents,
    place,
    witness: openWitness({ rpcUrl, codeHash: toHex(place.codeHash), confirmations: config.confirmations }),
    confirmations: config.confirmations,
    // A provider's endpoint has its key in the URL: only the embedded chain's is for everybody.
    rpcUrl: embedded ? rpcUrl : null,
    publicUrl: () => config.publicUrl ?? url,
    clock: Date.now,
    async readiness() {
      const anchoring = job.state();
      return { ready: !anchoring.halted, checks: { database: { ok: true, detail: "open" }, anchoring: { ok: anchoring.ok, detail: anchoring.detail } } };
    },
  };
  const server = createServer(createApp(ROUTES, service, log));
  server.listen(config.port, config.host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  url = `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`;
  const running = { url, rpcUrl, chainId: place.chainId, contract: checksumAddress(place.contract), log: toHex(place.log), pid: process.pid };
  dir.write("server.json", `${JSON.stringify(running, null, 2)}\n`);
  process.stdout.write(welcome({ ...running, dataDir: dir.path, embedded: embedded !== undefined, newKey }));

  // The end: new requests are refused, those under way are answered, then everything closes in the opposite order.
  let stopping = false;
  const stop = async (why: string) => {
    if (stopping) return;
    stopping = true;
    process.stdout.write(`\nStopping: ${why}\n`);
    const drained = new Promise((done) => server.close(done));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
    await drained;
    await job.stop();
    await embedded?.stop();
    store.close();
    dir.remove("server.json");
    lock.release();
  };
  process.on("SIGINT", () => void stop("interrupted"));
  process.on("SIGTERM", () => void stop("asked to end"));
  embedded?.failed.then((error) => log.error({ err: error }, "the embedded chain died: recording goes on, anchoring waits until the server is started again"));
}

main().catch((error: unknown) => {
  const expected = error instanceof Error && EXPECTED.some((kind) => error instanceof kind);
  process.stderr.write(expected ? `tallyroot: ${error.message}\n` : `tallyroot: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
