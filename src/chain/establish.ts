import { readFileSync } from "node:fs";
import { createWalletClient, http, keccak256, zeroAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { checksumAddress } from "../core/address.ts";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { TallyrootError } from "../core/errors.ts";
import type { AnchorPlace } from "../ledger/ports/anchoring.ts";
import { asking, chainReader, isOfOtherCode } from "./anchor-log.ts";
import { anchorLogAbi } from "./anchor-log-abi.ts";

/** What is remembered in the data directory about where its anchors are. */
export type PlaceFacts = { get(name: string): string | undefined; set(name: string, value: string): void };

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
  const reader = chainReader(rpcUrl);
  const account = privateKeyToAccount(publisherKey);
  const chainId = await asking("reading the chain id", () => reader.getChainId());
  expectAsBefore(facts, "chain.id", String(chainId));

  const wallet = createWalletClient({ account, transport: http(rpcUrl) });
  const wait = (hash: Hex) => reader.waitForTransactionReceipt({ hash, pollingInterval: 100 });
  const known = (settings.contract?.toLowerCase() ?? facts.get("chain.contract")) as Hex | undefined;
  const contract = known ?? (await asking("deploying the contract", () => deploy(wallet, wait)));
  expectAsBefore(facts, "chain.contract", contract);

  const code = await asking("reading the contract's code", () => reader.getCode({ address: contract }));
  if (!code)
    throw notDeployed(
      `there is no contract at ${contract} on chain ${chainId}: is this the chain that the data directory was made with?`,
      chainId,
      contract,
    );
  const codeHash = keccak256(code);
  expectAsBefore(facts, "chain.codeHash", codeHash);

  const salt = (facts.get("chain.logSalt") ?? toHex(settings.freshSalt())) as Hex;
  const at = { address: contract, abi: anchorLogAbi } as const;
  const log = await asking("reading the log's id", () =>
    reader.readContract({ ...at, functionName: "logId", args: [account.address, salt] }).catch((error: unknown) => {
      if (!isOfOtherCode(error)) throw error;
      throw notDeployed(`the contract at ${contract} on chain ${chainId} is no AnchorLog`, chainId, contract);
    }),
  );
  const place = {
    "chain.id": String(chainId),
    "chain.contract": contract,
    "chain.codeHash": codeHash,
    "chain.logSalt": salt,
    "chain.log": log,
  };
  expectAsBefore(facts, "chain.log", log);
  for (const [name, value] of Object.entries(place)) if (facts.get(name) === undefined) facts.set(name, value);

  await asking("opening the log", async () => {
    const publisher = await reader.readContract({ ...at, functionName: "publisher", args: [log] });
    if (publisher !== zeroAddress) return;
    await wait(await wallet.writeContract({ ...at, chain: null, functionName: "openLog", args: [salt] }));
  });
  return {
    chainId,
    contract: fromHex(contract.toLowerCase(), 20),
    log: fromHex(log, 32),
    codeHash: fromHex(codeHash, 32),
    publisher: fromHex(account.address.toLowerCase(), 20),
  };
}

function notDeployed(message: string, chainId: number, contract: Hex): TallyrootError {
  return new TallyrootError("CONTRACT_NOT_DEPLOYED", message, { chainId, contract });
}

type Wallet = ReturnType<
  typeof createWalletClient<ReturnType<typeof http>, undefined, ReturnType<typeof privateKeyToAccount>>
>;

async function deploy(
  wallet: Wallet,
  wait: (hash: Hex) => Promise<{ contractAddress?: Hex | null | undefined }>,
): Promise<Hex> {
  const artifact = JSON.parse(
    readFileSync(new URL("../../artifacts/contracts/AnchorLog.sol/AnchorLog.json", import.meta.url), "utf8"),
  ) as { bytecode: Hex };
  const { contractAddress } = await wait(
    await wallet.deployContract({ abi: anchorLogAbi, bytecode: artifact.bytecode, chain: null }),
  );
  if (!contractAddress) throw new TallyrootError("CONTRACT_NOT_DEPLOYED", "the deployment has no contract address");
  return checksumAddress(fromHex(contractAddress.toLowerCase(), 20));
}

function expectAsBefore(facts: PlaceFacts, name: string, value: string): void {
  const before = facts.get(name);
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
