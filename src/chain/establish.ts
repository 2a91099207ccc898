import { readFileSync } from "node:fs";
import { checksumAddress } from "../core/address.ts";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { TallyrootError } from "../core/errors.ts";
import { keccak } from "../core/keccak.ts";
import type { AnchorPlace } from "../ledger/ports/anchoring.ts";
import { CallFailedError } from "../witness/endpoint.ts";
import { publisherCall } from "../witness/log-calls.ts";
import { openPublisher, type Publisher } from "./publisher.ts";
import { logIdCall, openLogCall } from "./publisher-calls.ts";

const ARTIFACT = new URL("../../artifacts/contracts/AnchorLog.sol/AnchorLog.json", import.meta.url);

/** What is remembered with the record about where its anchors are. */
export type PlaceFacts = {
  get(name: string): string | undefined | Promise<string | undefined>;
  set(name: string, value: string): unknown;
};

/** Where the anchors go, as a verifier wants to know it. */
export type EstablishedPlace = AnchorPlace & { codeHash: Uint8Array; publisher: Uint8Array };

type Settings = {
  rpcUrl: string;
  publisherKey: Hex;
  /** The contract's address; undefined to deploy it where the data directory has none yet. */
  contract: Hex | undefined;
  facts: PlaceFacts;
  /** 32 fresh random bytes, used once per data directory. */
  freshSalt: () => Uint8Array;
};

/**
 * Finds the contract and the log that this data directory anchors in, and makes what is not there yet.
 *
 * Chain, contract and log are written into the data directory before the first anchor, and never change afterwards: a receipt that
 * was given away must stay true. They are written once all of them were found to be there, so a wrong setting leaves nothing behind.
 *
 * @throws TallyrootError CONTRACT_NOT_DEPLOYED when there is no AnchorLog at the address; ChainUnavailableError
 */
export async function establishPlace(settings: Settings): Promise<EstablishedPlace> {
  const { rpcUrl, publisherKey, facts } = settings;
  const publisher = openPublisher(rpcUrl, publisherKey);
  const { reader } = publisher;
  const chainId = Number(await reader.chainId());
  await expectAsBefore(facts, "chain.id", String(chainId));

  const known = (settings.contract?.toLowerCase() ?? (await facts.get("chain.contract"))) as Hex | undefined;
  const contract = known ?? (await deploy(publisher, chainId));
  await expectAsBefore(facts, "chain.contract", contract);

  const code = await reader.code(contract);
  if (code.length === 0)
    throw notDeployed(
      `there is no contract at ${contract} on chain ${chainId}: is this the chain that the data directory was made with?`,
      chainId,
      contract,
    );
  const codeHash = keccak(code);
  await expectAsBefore(facts, "chain.codeHash", toHex(codeHash));

  const salt = fromHex((await facts.get("chain.logSalt")) ?? toHex(settings.freshSalt()), 32);
  const ask = (data: string) => wordFrom(publisher, contract, data);
  const log = await ask(logIdCall(publisher.address, salt));
  if (!log) throw notDeployed(`the contract at ${contract} on chain ${chainId} is no AnchorLog`, chainId, contract);
  const place = {
    "chain.id": String(chainId),
    "chain.contract": contract,
    "chain.codeHash": toHex(codeHash),
    "chain.logSalt": toHex(salt),
    "chain.log": toHex(log),
  };
  await expectAsBefore(facts, "chain.log", toHex(log));
  for (const [name, value] of Object.entries(place))
    if ((await facts.get(name)) === undefined) await facts.set(name, value);

  const owner = await ask(publisherCall(log));
  if (owner?.every((byte) => byte === 0)) await transact(publisher, chainId, { to: contract, data: openLogCall(salt) });
  return { chainId, contract: fromHex(contract.toLowerCase(), 20), log, codeHash, publisher: publisher.address };
}

/** The one word that a call of the contract returns; undefined when the code there does not answer as an AnchorLog does. */
async function wordFrom({ reader }: Publisher, contract: Hex, data: string): Promise<Uint8Array | undefined> {
  try {
    const word = await reader.call(contract, data);
    return word.length === 32 ? word : undefined;
  } catch (error) {
    if (!(error instanceof CallFailedError)) throw error;
    return undefined;
  }
}

/** Sends a transaction and waits until it is in a block. */
async function transact(publisher: Publisher, chainId: number, call: { to?: Hex; data: Hex }) {
  const gas = await publisher.gasOf(call);
  const [nonce, fees] = [await publisher.nonce("pending"), await publisher.fees()];
  const { raw, hash } = await publisher.sign({ ...call, chainId, nonce, gas, fees });
  await publisher.send(raw);
  return publisher.waitFor(hash);
}

function notDeployed(message: string, chainId: number, contract: Hex): TallyrootError {
  return new TallyrootError("CONTRACT_NOT_DEPLOYED", message, { chainId, contract });
}

async function deploy(publisher: Publisher, chainId: number): Promise<Hex> {
  const { bytecode } = JSON.parse(readFileSync(ARTIFACT, "utf8")) as { bytecode: Hex };
  const { contract } = await transact(publisher, chainId, { data: bytecode });
  if (!contract) throw new TallyrootError("CONTRACT_NOT_DEPLOYED", "the deployment has no contract address");
  return checksumAddress(contract);
}

async function expectAsBefore(facts: PlaceFacts, name: string, value: string): Promise<void> {
  const before = await facts.get(name);
  if (before === undefined || before.toLowerCase() === value.toLowerCase()) return;
  throw new TallyrootError(
    "SERVICE_UNAVAILABLE",
    `this data directory was made with ${name} ${before}, but now it is ${value}: use the same chain, contract and publisher key, or a new data directory`,
    {
      name,
      before,
      now: value,
    },
  );
}
