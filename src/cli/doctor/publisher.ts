import { existsSync, statSync } from "node:fs";
import { deterministicAddress } from "../../chain/deterministic-address.ts";
import { priceOf } from "../../chain/fees.ts";
import { PublisherKeyError } from "../../chain/keys/key-error.ts";
import { type KeySource, readPublisherKey } from "../../chain/keys/publisher-key.ts";
import { openPublisher, type Publisher } from "../../chain/publisher.ts";
import type { Config } from "../../config.ts";
import { checksumAddress } from "../../core/address.ts";
import { fromHex, type Hex, sameBytes } from "../../core/bytes.ts";
import { ChainUnavailableError } from "../../core/errors.ts";
import { healthChecks, UNKNOWN_HEALTH } from "../../jobs/chain-health.ts";
import { isStorageTrouble } from "../../storage/sqlite/database.ts";
import { factsIn, recordFile } from "../../storage/sqlite/snapshot.ts";
import { CallFailedError } from "../../witness/endpoint.ts";
import { publisherCall } from "../../witness/log-calls.ts";
import { type Check, failed, type NetworkSettings, ok, warned } from "./checks.ts";

/** Gas of an append: what it takes on Ethereum. */
const APPEND_GAS = 53_000n;

/** Where a record has its anchors; undefined before its first start. */
export type RememberedPlace = { chainId: number; contract: Hex; log: Hex };

/** The same from a server's answer. */
export function placeIn({ chainId, contract, log }: Readonly<Record<string, unknown>>): RememberedPlace {
  return { chainId: Number(chainId), contract: String(contract) as Hex, log: String(log) as Hex };
}

/** The same from what a record remembers about itself. */
export function placeOfFacts(facts: ReadonlyMap<string, string>): RememberedPlace | undefined {
  const [chainId, contract, log] = ["chain.id", "chain.contract", "chain.log"].map((name) => facts.get(name));
  return chainId && contract && log
    ? { chainId: Number(chainId), contract: contract as Hex, log: log as Hex }
    : undefined;
}

export function rememberedPlace(dir: string): RememberedPlace | undefined {
  const file = recordFile(dir);
  if (file === undefined) return undefined;
  try {
    return placeOfFacts(factsIn(file));
  } catch (error) {
    // What is wrong with the database is a check of its own.
    if (!isStorageTrouble(error)) throw error;
    return undefined;
  }
}

/** Whether the publisher of a server here can do its work: its key, its endpoints, its log or the place of one, its ether. */
export async function checkPublisher(
  { config, rpcUrls, environment }: NetworkSettings,
  place: RememberedPlace | undefined,
): Promise<Check[]> {
  const source = config.publisherKey!;
  try {
    const key = await readPublisherKey(source, environment);
    const publisher = openPublisher(rpcUrls, key, { chainId: place?.chainId, maxFee: config.maxFee });
    return [keyCheck(source, publisher), ...(await networkChecks(publisher, config, place))];
  } catch (error) {
    if (!(error instanceof PublisherKeyError)) throw error;
    return [failed("key", error.message)];
  }
}

function keyCheck(source: KeySource, { address }: Publisher): Check {
  const files = source.kind === "keystore" ? [source.file, source.passwordFile] : [];
  const open = files.filter((file) => existsSync(file) && (statSync(file).mode & 0o077) !== 0);
  return open.length === 0
    ? ok("key", `it is that of ${checksumAddress(address)}`)
    : failed("key", `others can read ${open.join(" and ")}: chmod 600 them, and think of the key as known`);
}

async function networkChecks(
  publisher: Publisher,
  config: Config,
  place: RememberedPlace | undefined,
): Promise<Check[]> {
  try {
    await publisher.endpoints.look();
    const log = place ? await logCheck(publisher, place) : await placeCheck(publisher, config.contract);
    const [balance, fee] = [await publisher.balance(), priceOf(await publisher.askedFee())];
    const health = {
      ...UNKNOWN_HEALTH,
      endpoints: publisher.endpoints.reports(),
      balance,
      fee,
      ceiling: config.maxFee ?? null,
      gas: APPEND_GAS,
    };
    // In the words of /readyz.
    const { endpoints, publisher: funds } = healthChecks(health, Date.now());
    const judge = (good: boolean) => (balance === 0n ? failed : good ? ok : warned);
    return [
      (endpoints.ok ? ok : warned)("endpoints", endpoints.detail),
      log,
      judge(funds.ok)("funds", `${checksumAddress(publisher.address)}: ${funds.detail}`),
    ];
  } catch (error) {
    if (!(error instanceof ChainUnavailableError)) throw error;
    return [failed("endpoints", error.message)];
  }
}

/** Whether the key is that of the log's publisher. */
async function logCheck({ reader, address }: Publisher, { contract, log }: RememberedPlace): Promise<Check> {
  try {
    const word = await reader.call(contract, publisherCall(fromHex(log, 32)));
    const owner = word.length === 32 ? word.slice(12) : undefined;
    if (owner && sameBytes(owner, address)) return ok("log", `${log} takes anchors from this key`);
    const whose = owner?.some((byte) => byte !== 0) ? `takes anchors from ${checksumAddress(owner)}` : "is not open";
    return failed("log", `${log} ${whose}: is this the right key, and the right chain?`);
  } catch (error) {
    if (!(error instanceof CallFailedError)) throw error;
    return failed("log", `there is no AnchorLog at ${contract}: is this the right chain?`);
  }
}

/** Where the first start will have its log. */
async function placeCheck({ reader }: Publisher, named: Hex | undefined): Promise<Check> {
  const contract = named ?? checksumAddress(deterministicAddress());
  const isThere = (await reader.code(contract)).length > 0;
  if (isThere) return ok("log", `the first start opens one in ${contract}`);
  return named
    ? failed("log", `there is no contract at ${contract} (TALLYROOT_CONTRACT): correct it, or leave it out`)
    : ok("log", `the first start puts the contract at ${contract}, and opens one there`);
}
