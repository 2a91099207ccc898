import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config.ts";
import { checksumAddress } from "../../core/address.ts";
import { shown } from "../terminal.ts";

/** What is looked at before and while a server runs; each check says what to do where something is wrong. */

/** `warned`: it works, and will not for long. */
export type Check = { name: string; outcome: "ok" | "warned" | "failed" | "skipped"; detail: string };

/** Seconds that two clocks may differ: webhooks are refused at 300, and times on statements should not look odd. */
const MAX_SKEW_SECONDS = 30;
/** Milliseconds for one look at the server. */
const LOOK_MS = 5_000;
/** What nobody but the owner may read. */
const SECRETS = ["master-key", "publisher-key", "api-key", "tallyroot.db"];

export const ok = (name: string, detail: string): Check => ({ name, outcome: "ok", detail });
export const warned = (name: string, detail: string): Check => ({ name, outcome: "warned", detail: shown(detail) });
export const failed = (name: string, detail: string): Check => ({ name, outcome: "failed", detail: shown(detail) });
export const skipped = (name: string, detail: string): Check => ({ name, outcome: "skipped", detail });

export async function checkSettings(environment: Record<string, string | undefined>): Promise<Check> {
  const { readConfig, SettingError } = await import("../../config.ts");
  try {
    const { chain, host, port } = readConfig(environment);
    const to = chain.kind === "rpc" ? `anchors at ${new URL(chain.rpcUrls[0]!).host}` : "an embedded chain";
    return ok("settings", `${host}:${port}, ${to}`);
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    return failed("settings", error.message);
  }
}

/** The settings of a server that anchors in a network of somebody else's. */
export type NetworkSettings = {
  config: Config;
  rpcUrls: readonly string[];
  /** What a command that prints the publisher's key sees. */
  environment: Readonly<Record<string, string | undefined>>;
};

/** Undefined for any other server, and for settings that cannot be used. */
export async function networkSettings(
  environment: Record<string, string | undefined>,
): Promise<NetworkSettings | undefined> {
  const { forgetSecrets, readConfig, SettingError } = await import("../../config.ts");
  try {
    const config = readConfig(environment);
    const { chain } = config;
    return chain.kind === "rpc"
      ? { config, rpcUrls: chain.rpcUrls, environment: forgetSecrets({ ...environment }) }
      : undefined;
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    return undefined;
  }
}

/** Whether others can read the files of a data directory. */
export function checkFiles(dir: string): Check {
  if (!existsSync(dir)) return skipped("data", `${dir} is not there: the first start makes it`);
  const open = SECRETS.filter((name) => existsSync(join(dir, name)) && (statSync(join(dir, name)).mode & 0o077) !== 0);
  return open.length === 0
    ? ok("data", `${dir}: keys and database are the owner's alone`)
    : failed("data", `others can read ${open.join(", ")} in ${dir}: chmod 600 them, and think of the keys as known`);
}

/** Whether the database in a data directory opens, and the record is there and not moved. */
export async function checkDatabase(dir: string): Promise<Check[]> {
  if (!existsSync(dir)) return [];
  const { anchorsIn, factsIn, recordFile } = await import("../../storage/sqlite/snapshot.ts");
  const { moveNoted, returnNoted } = await import("../../storage/sqlite/moved-away.ts");
  const { isStorageTrouble } = await import("../../storage/sqlite/database.ts");
  const file = recordFile(dir);
  if (file === undefined) return [skipped("database", "there is none yet: the first start makes it")];
  try {
    const facts = factsIn(file);
    const coming = returnNoted(facts);
    if (coming?.state === "returning")
      return [
        failed(
          "database",
          `the record in ${coming.from} is being moved here: run tallyroot migrate --from again, or with --abandon`,
        ),
      ];
    const move = moveNoted(facts);
    if (move?.state === "moved")
      return [failed("database", `the record was moved to ${move.to}: set TALLYROOT_DATABASE_URL to that`)];
    if (move)
      return [
        failed("database", `the record is being moved to ${move.to}: run tallyroot migrate again, or with --abandon`),
      ];
    return [ok("database", `${file} opens, with ${anchorsIn(file)} anchors`)];
  } catch (error) {
    if (!isStorageTrouble(error)) throw error;
    return [failed("database", `${file}: ${error.message}: see tallyroot audit ${dir}, or restore a backup`)];
  }
}

/** Where the running server says that it is. */
export function serverIn(dir: string): string | undefined {
  const file = join(dir, "server.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { url: string }).url : undefined;
}

export type Look = { checks: Check[]; place?: { [name: string]: unknown } };

/** Whether the server answers, is ready, and has the time of this machine. */
export async function checkServer(url: string): Promise<Look> {
  const ready = await lookAt(`${url}/readyz`);
  if (typeof ready === "string") return { checks: [failed("server", `${url} does not answer: ${ready}`)] };
  const checks = [
    ready.status === 200
      ? ok("server", `${url} is ready: ${partsOf(ready.body)}`)
      : failed("server", `${url} is not ready (status ${ready.status}): ${JSON.stringify(ready.body.error ?? {})}`),
    clockCheck(ready.date),
  ];
  const chain = await lookAt(`${url}/api/v1/chain`);
  if (typeof chain === "string" || chain.status !== 200)
    return { checks: [...checks, failed("chain", `${url} does not say where its anchors are: is it Tallyroot?`)] };
  return { checks, place: chain.body.data as Record<string, unknown> };
}

function partsOf(body: Record<string, unknown>): string {
  const { checks = {} } = (body.data ?? {}) as { checks?: Record<string, { detail: string }> };
  return Object.entries(checks)
    .map(([name, { detail }]) => `${name} ${detail}`)
    .join(", ");
}

function clockCheck(date: string | null): Check {
  const seconds = Math.round((Date.now() - Date.parse(date ?? "")) / 1000);
  if (Number.isNaN(seconds)) return skipped("clock", "the server tells no time");
  return Math.abs(seconds) <= MAX_SKEW_SECONDS
    ? ok("clock", `this machine and the server differ by ${Math.abs(seconds)} s at most`)
    : failed(
        "clock",
        `this machine is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} the server: set the clocks by NTP`,
      );
}

type Answer = { status: number; date: string | null; body: Record<string, unknown> };

async function lookAt(url: string): Promise<Answer | string> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(LOOK_MS), redirect: "manual" });
    const json = reply.headers.get("Content-Type")?.includes("json") === true;
    const body = json ? ((await reply.json()) as Record<string, unknown>) : {};
    return { status: reply.status, date: reply.headers.get("Date"), body };
  } catch (error) {
    // fetch fails with a TypeError when nothing listens, with a TimeoutError when nothing answers.
    if (error instanceof DOMException && error.name === "TimeoutError") return `nothing within ${LOOK_MS / 1000} s`;
    if (!(error instanceof TypeError)) throw error;
    return error.cause instanceof Error && "code" in error.cause ? String(error.cause.code) : error.message;
  }
}

/** Whether endpoints of the chain have the contract, with the code as it is compiled here, and know the log; and what time it is there. */
export async function checkChain(endpoints: readonly string[], place: Record<string, unknown>): Promise<Check[]> {
  if (endpoints.length === 0)
    return [
      skipped("chain", "the server does not show its endpoint: name one with --rpc"),
      skipped("contract", "not asked"),
    ];
  const [
    { confirmPlace },
    { openEndpoint },
    { readerOf },
    { compiledCodeHash },
    { fromHex },
    { ChainUnavailableError },
  ] = await Promise.all([
    import("../../witness/confirm-place.ts"),
    import("../../witness/endpoint.ts"),
    import("../../witness/reader.ts"),
    import("../../chain/compiled-code.ts"),
    import("../../core/bytes.ts"),
    import("../../core/errors.ts"),
  ]);
  try {
    const chain = readerOf(openEndpoint(endpoints[0]!));
    const height = await chain.blockNumber();
    const block = await chain.blockAt(height);
    const ahead = block === undefined ? 0 : Number(block.timestamp) - Math.floor(Date.now() / 1000);
    const time =
      ahead > MAX_SKEW_SECONDS
        ? failed("chain", `block ${height} is ${ahead} s in the future: this machine's clock is behind`)
        : ok("chain", `chain ${await chain.chainId()} answers, at block ${height}`);
    const contract = fromHex(String(place.contract).toLowerCase(), 20);
    const finding = await confirmPlace(endpoints, {
      chainId: BigInt(Number(place.chainId)),
      contract,
      codeHash: compiledCodeHash(),
      log: fromHex(String(place.log), 32),
    });
    const judged =
      "failure" in finding
        ? failed("contract", `${finding.failure}: ${finding.detail}`)
        : ok("contract", `${checksumAddress(contract)} has the code that is compiled here, and knows the log`);
    return [time, judged];
  } catch (error) {
    if (!(error instanceof ChainUnavailableError)) throw error;
    return [failed("chain", error.message), skipped("contract", "the chain does not answer")];
  }
}
