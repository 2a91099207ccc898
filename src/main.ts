import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { pino } from "pino";
import { openAnchorLog } from "./chain/anchor-log.ts";
import { DeploymentError } from "./chain/deployment-error.ts";
import { ChainStartError } from "./chain/embedded/errors.ts";
import { holdNativeLibrary } from "./chain/embedded/native-library.ts";
import { startEmbeddedChain } from "./chain/embedded/start.ts";
import { quorumOf } from "./chain/endpoint-set.ts";
import { establishPlace } from "./chain/establish.ts";
import { PublisherKeyError } from "./chain/keys/key-error.ts";
import { readPublisherKey } from "./chain/keys/publisher-key.ts";
import { expectNetwork } from "./chain/network-check.ts";
import { forgetSecrets, readConfig, SettingError } from "./config.ts";
import { checksumAddress } from "./core/address.ts";
import { fromHex, toHex } from "./core/bytes.ts";
import { ChainUnavailableError, TallyrootError } from "./core/errors.ts";
import { installKeccak } from "./core/keccak.ts";
import { fastKeccak } from "./fast-keccak.ts";
import { firstStart } from "./first-start.ts";
import { createApp } from "./http/app.ts";
import { openHttpServer } from "./http/http-server.ts";
import { openMetrics } from "./http/metrics.ts";
import { readPages } from "./http/pages.ts";
import { ROUTES } from "./http/route-table.ts";
import { anchoringFigures } from "./jobs/anchoring-figures.ts";
import { healthChecks } from "./jobs/chain-health.ts";
import { startCheckpointJob } from "./jobs/checkpoint-thread.ts";
import { startMonthClosing } from "./jobs/month-closing.ts";
import { haltFor } from "./jobs/remedies.ts";
import type { KeyMode } from "./ledger/api-keys.ts";
import { openContents } from "./ledger/contents.ts";
import { expectWholeRecord, RecordBehindLogError } from "./ledger/expect-whole-record.ts";
import { sealingKey } from "./ledger/seal.ts";
import { openSummaries } from "./ledger/summarize.ts";
import { openDataDirectory } from "./storage/data-directory.ts";
import { StorageRefusedError } from "./storage/refused.ts";
import { isStorageTrouble, lockDirectory } from "./storage/sqlite/database.ts";
import { expectNoRecordHere } from "./storage/sqlite/moved-away.ts";
import { openSqliteStore } from "./storage/sqlite/store.ts";
import { openDeliveries } from "./webhooks/deliver.ts";
import { openPost } from "./webhooks/post.ts";
import { welcome } from "./welcome.ts";
import { isoText } from "./wire/fields.ts";
import { signInLink } from "./wire/sign-in.ts";
import { openWitness } from "./witness/witness.ts";

/** Milliseconds that open requests get to end when the server stops. */
const DRAIN_MS = 3_000;
/** Milliseconds between two looks for connections that have become idle meanwhile. */
const SWEEP_MS = 20;

/** The note why anchoring halted last, for whoever is told of it later. */
const LAST_HALT = "anchoring.halt";

/** Mistakes that the person at the terminal can mend: shown as one sentence, without a stack. */
const EXPECTED = [
  SettingError,
  StorageRefusedError,
  ChainStartError,
  ChainUnavailableError,
  DeploymentError,
  PublisherKeyError,
  RecordBehindLogError,
  TallyrootError,
];

async function main(): Promise<void> {
  // Whatever makes a file, here or in a thread, makes it for this user alone.
  process.umask(0o077);
  const config = readConfig();
  const environment = forgetSecrets();
  const log = pino({ level: config.logLevel, redact: ["*.headers"] });

  // What is on disk, ours alone from here on.
  const dir = openDataDirectory(resolve(config.dataDir));
  const lock = lockDirectory(dir.path);
  if (config.databaseUrl !== undefined) expectNoRecordHere(dir.path);
  // What is not installed is found before anything is made.
  if (config.chain.kind === "embedded") holdNativeLibrary();
  // What a killed server left would send its callers to a port that is nobody's, or somebody else's.
  dir.remove("server.json");
  const masterKey = config.masterKey ?? dir.key("master-key");
  const publisherKey = config.publisherKey
    ? await readPublisherKey(config.publisherKey, environment)
    : dir.key("publisher-key");
  const master = sealingKey(fromHex(masterKey.toLowerCase(), 32));
  installKeccak(await fastKeccak());
  const { databaseUrl, quota } = config;
  // The name tells this server from others over one database.
  const database = databaseUrl === undefined ? undefined : { url: databaseUrl, node: dir.key("node-name") };
  const report = (message: string, error: Error) => log.error({ err: error }, message);
  const store =
    database === undefined
      ? openSqliteStore({ dir: dir.path, master, clock: Date.now, report, quota, thread: true })
      : // Only who shares a database loads its driver.
        await (await import("./storage/postgres/store.ts")).openPostgresStore({ ...database, master, report, quota });
  // A data directory is ours alone; a database may have other nodes that start at this moment.
  const alone = "alone" in store ? store.alone : <T>(work: () => Promise<T>) => work();
  const contents = openContents(store, master);

  const keyMode: KeyMode = config.chain.kind === "rpc" ? "live" : "test";
  const { newKey, signInKey } = await firstStart({ store, alone, dir, keyMode });

  // The chain, and the place on it.
  if (database && config.chain.kind === "embedded" && !dir.has("chain.journal")) {
    const chainId = await store.facts.get("chain.id");
    if (chainId !== undefined)
      throw new SettingError(
        `the record in this database is anchored on chain ${chainId}, which is not in this data directory: set TALLYROOT_CHAIN=rpc, and TALLYROOT_RPC_URL and the publisher's key to those of the servers that run over it`,
      );
  }
  const embedded =
    config.chain.kind === "embedded"
      ? await startEmbeddedChain({ dir: dir.path, port: config.chain.port, host: config.host, publisherKey, log })
      : undefined;
  const rpcUrls = config.chain.kind === "rpc" ? config.chain.rpcUrls : [embedded!.rpcUrl];
  const { confirmations, maxFee, contract } = config;
  await expectNetwork(rpcUrls, confirmations);
  const place = await alone(() =>
    establishPlace({
      rpcUrl: rpcUrls,
      publisherKey,
      maxFee,
      contract,
      facts: store.facts,
      freshSalt: () => randomBytes(32),
    }),
  );
  await expectWholeRecord({
    store,
    keptIn: database === undefined ? "directory" : "database",
    chain: openAnchorLog({ rpcUrl: rpcUrls, publisherKey, place, confirmations }),
  });

  // What runs: the checkpoint job and the deliveries beside the API.
  let url = "";
  const publicUrl = () => config.publicUrl ?? url;
  const allowPrivate = config.webhookAllowPrivate;
  const webhooks = openDeliveries({
    store,
    contents,
    place,
    publicUrl,
    post: openPost({ allowPrivate }),
    allowPrivate,
    halt: async () => haltFor(await store.facts.noted(LAST_HALT)),
    clock: Date.now,
    log,
  });
  const job = startCheckpointJob(
    {
      dataDir: dir.path,
      database,
      masterKey,
      publisherKey,
      rpcUrls,
      place: { chainId: place.chainId, contract: place.contract, log: place.log },
      confirmations,
      maxFee,
      intervalMs: config.anchorIntervalMs,
      replaceAfterMs: config.replaceAfterMs,
      haltAfterMs: config.haltAfterMs,
    },
    log,
    {
      confirmed: webhooks.wake,
      halted: (code) => webhooks.halted(() => store.facts.note(LAST_HALT, code)),
    },
  );
  const forget = (ledgerId: number | undefined) => {
    contents.forget(ledgerId);
    job.forget(ledgerId);
  };
  const erasures =
    database === undefined
      ? undefined
      : (await import("./storage/postgres/erasures.ts")).listenForErasures(database.url, forget);
  const { replicaUrl } = config;
  const replicas =
    database === undefined || replicaUrl === undefined
      ? undefined
      : (await import("./storage/postgres/replica.ts")).openReplicas({ url: database.url, replicaUrl, report });
  const closing = config.closeMonths ? startMonthClosing(store, log) : undefined;
  const service = {
    store,
    contents,
    replicas,
    webhooks,
    place,
    witness: openWitness({
      endpoints: rpcUrls,
      pins: { ...place, chainId: BigInt(place.chainId) },
      confirmations,
      enough: quorumOf(rpcUrls.length),
    }),
    confirmations,
    chainHead: () => job.figures().chainHead,
    keyMode,
    quota,
    summaries: openSummaries(store, Date.now),
    forgetElsewhere: job.forget,
    // A provider's endpoint has its key in the URL: only the embedded chain's is for everybody.
    rpcUrl: embedded?.rpcUrl ?? null,
    showsReasons: config.publicReasons,
    publicUrl,
    clock: Date.now,
    async readiness() {
      const anchoring = job.state();
      const { oldestPendingAt } = await store.progress();
      const lag =
        oldestPendingAt === null
          ? "no delta waits"
          : `the oldest delta that waits was recorded at ${isoText(oldestPendingAt)}`;
      return {
        ready: !anchoring.halted,
        checks: {
          database: { ok: true, detail: "open" },
          anchoring: { ok: anchoring.ok, detail: `${anchoring.detail}; ${lag}` },
          ...healthChecks(job.figures().health, Date.now()),
        },
      };
    },
    metrics: openMetrics({
      progress: store.progress,
      webhooks: store.deliveryCounts,
      anchoring: () => anchoringFigures(job, Date.now()),
      clock: Date.now,
    }),
    metricsToken: config.metricsToken,
    rateLimits: config.rateLimits,
    trustedProxies: config.trustedProxies,
    corsOrigins: config.corsOrigins,
  };
  const server = openHttpServer(createApp(ROUTES, service, readPages(), log), log);
  server.listen(config.port, config.host);
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    const problem =
      error.code === "EADDRINUSE"
        ? `port ${config.port} on ${config.host} is in use: choose another with PORT, or 0 for a free one`
        : `port ${config.port} on ${config.host} cannot be opened (${error.code}): check PORT and HOST`;
    throw new SettingError(problem, { cause: error });
  });
  const { port } = server.address() as AddressInfo;
  url = `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`;

  webhooks.start();

  // The end: new requests are refused, those under way are answered, then everything closes in the opposite order.
  let stopping = false;
  const stop = async (why: string) => {
    if (stopping) return;
    stopping = true;
    process.stdout.write(`\nStopping: ${why}\n`);
    const drained = new Promise((done) => server.close(done));
    // A connection that has had its last answer is idle from then on; its client may keep it open for a next request.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
    await drained;
    clearInterval(sweep);
    await closing?.stop();
    await erasures?.close();
    await replicas?.close();
    await job.stop();
    await webhooks.stop();
    await embedded?.stop();
    await store.close();
    dir.remove("server.json");
    lock.release();
  };
  process.on("SIGINT", () => void stop("interrupted"));
  process.on("SIGTERM", () => void stop("asked to end"));

  // Whoever reads this may stop the server at once, so it comes after all that.
  const running = {
    url,
    rpcUrl: rpcUrls[0]!,
    chainId: place.chainId,
    contract: checksumAddress(place.contract),
    log: toHex(place.log),
    pid: process.pid,
  };
  dir.write("server.json", `${JSON.stringify(running, null, 2)}\n`);
  const pagesUrl = signInKey ? signInLink(publicUrl(), signInKey) : publicUrl();
  const facts = { dataDir: dir.path, embedded: embedded !== undefined, pagesUrl, newKey, origin: place.origin };
  process.stdout.write(welcome({ ...running, ...facts }));
  embedded?.failed.then((error) =>
    log.error(
      { err: error },
      "the embedded chain died: recording goes on, anchoring waits until the server is started again",
    ),
  );
}

main().catch((error: unknown) => {
  if (isStorageTrouble(error)) {
    process.stderr.write(
      `tallyroot: the database cannot be read or written: ${error.message}. Is the disk full, failing or read-only?\n`,
    );
    process.exit(1);
  }
  // A system call that failed says in its message what failed, and on which file.
  const expected = error instanceof Error && (EXPECTED.some((kind) => error instanceof kind) || "syscall" in error);
  process.stderr.write(
    expected ? `tallyroot: ${error.message}\n` : `tallyroot: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exit(1);
});
