import { checksumAddress } from "../core/address.ts";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { TallyrootError } from "../core/errors.ts";
import { keccak } from "../core/keccak.ts";
import type { AnchorPlace } from "../ledger/ports/anchoring.ts";
import { CallFailedError } from "../witness/endpoint.ts";
import { publisherCall } from "../witness/log-calls.ts";
import { deployDeterministically } from "./deployment.ts";
import { openPayer, type Payer } from "./payer.ts";
import { logIdCall, openLogCall } from "./publisher-calls.ts";

/** What is remembered with the record about where its anchors are. */
export type PlaceFacts = {
  get(name: string): string | undefined | Promise<string | undefined>;
  set(name: string, value: string): unknown;
};

/** Where the anchors go, as a verifier wants to know it. */
export type EstablishedPlace = AnchorPlace & { codeHash: Uint8Array; publisher: Uint8Array };

/** How the contract came to be used: named by a setting, remembered from before, found where it belongs, or put there now. */
export type ContractOrigin = "named" | "remembered" | "found" | "deployed";

type Settings = {
  /** One endpoint of the chain, or several. */
  rpcUrl: string | readonly string[];
  publisherKey: Hex;
  /** The most to pay, in wei per gas; undefined for no limit. */
  maxFee?: bigint | undefined;
  /** The contract's address; undefined for the one that the data directory remembers, else the deterministic one. */
  contract: Hex | undefined;
  facts: PlaceFacts;
  /** 32 fresh random bytes, used once per data directory. */
  freshSalt: () => Uint8Array;
};

/**
 * Finds the contract and the log that this data directory anchors in, and makes what is not there yet: the contract at its deterministic
 * address, where none is named or remembered.
 *
 * Chain, contract and log are written into the data directory before the first anchor, and never change afterwards: a receipt that
 * was given away must stay true. They are written once all of them were found to be there, so a wrong setting leaves nothing behind.
 *
 * @throws TallyrootError CONTRACT_NOT_DEPLOYED when there is no AnchorLog at the address; DeploymentError when it cannot be put there;
 * ChainUnavailableError
 */
export async function establishPlace(settings: Settings): Promise<EstablishedPlace & { origin: ContractOrigin }> {
  const { rpcUrl, publisherKey, maxFee, facts } = settings;
  const payer = await openPayer(rpcUrl, publisherKey, { maxFee });
  const { chainId } = payer;
  await expectAsBefore(facts, "chain.id", String(chainId));
  const { contract, origin } = await contractOf(payer, settings);
  await expectAsBefore(facts, "chain.contract", contract);

  const code = await payer.reader.code(contract);
  if (code.length === 0)
    throw notDeployed(
      `there is no contract at ${contract} on chain ${chainId}: is this the chain that the data directory was made with?`,
      chainId,
      contract,
    );
  const codeHash = keccak(code);
  await expectAsBefore(facts, "chain.codeHash", toHex(codeHash));

  const salt = fromHex((await facts.get("chain.logSalt")) ?? toHex(settings.freshSalt()), 32);
  const publisher = fromHex(payer.address.toLowerCase(), 20);
  const ask = (data: string) => wordFrom(payer, contract, data);
  const log = await ask(logIdCall(publisher, salt));
  if (!log) throw notDeployed(`the contract at ${contract} on chain ${chainId} is no AnchorLog`, chainId, contract);
  const found = {
    "chain.id": String(chainId),
    "chain.contract": contract,
    "chain.codeHash": toHex(codeHash),
    "chain.logSalt": toHex(salt),
    "chain.log": toHex(log),
  };
  await expectAsBefore(facts, "chain.log", toHex(log));
  for (const [name, value] of Object.entries(found))
    if ((await facts.get(name)) === undefined) await facts.set(name, value);
  // Another node may have been first: the log that it remembers is then the log of all.
  for (const [name, value] of Object.entries(found)) await expectAsBefore(facts, name, value);

  const owner = await ask(publisherCall(log));
  if (owner?.every((byte) => byte === 0)) await payer.pay({ to: contract, data: openLogCall(salt) }, "opening a log");
  return { chainId, contract: fromHex(contract.toLowerCase(), 20), log, codeHash, publisher, origin };
}

async function contractOf(
  payer: Payer,
  { contract, facts }: Settings,
): Promise<{ contract: Hex; origin: ContractOrigin }> {
  if (contract !== undefined) return { contract, origin: "named" };
  const remembered = (await facts.get("chain.contract")) as Hex | undefined;
  if (remembered !== undefined) return { contract: remembered, origin: "remembered" };
  const deployment = await deployDeterministically(payer);
  return { contract: checksumAddress(deployment.contract), origin: deployment.made ? "deployed" : "found" };
}

/** The one word that a call of the contract returns; undefined when the code there does not answer as an AnchorLog does. */
async function wordFrom({ reader }: Payer, contract: Hex, data: string): Promise<Uint8Array | undefined> {
  try {
    const word = await reader.call(contract, data);
    return word.length === 32 ? word : undefined;
  } catch (error) {
    if (!(error instanceof CallFailedError)) throw error;
    return undefined;
  }
}

function notDeployed(message: string, chainId: number, contract: Hex): TallyrootError {
  return new TallyrootError("CONTRACT_NOT_DEPLOYED", message, { chainId, contract });
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
