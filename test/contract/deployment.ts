import hre from "hardhat";
import {
  type Abi,
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  custom,
  getContract,
  type Hex,
  parseEventLogs,
} from "viem";
import { hardhat } from "viem/chains";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { type Anchor, anchorOf, type Statement } from "./evidence.ts";

let built: Promise<unknown> | undefined;

/** Compiles once per run, so that what is tested is what is in `contracts/`. */
export async function artifactOf(name: string): Promise<{ abi: Abi; bytecode: Hex; deployedBytecode: Hex }> {
  built ??= hre.tasks.getTask("build").run({ quiet: true });
  await built;
  const artifact = await hre.artifacts.readArtifact(name);
  return {
    abi: artifact.abi as Abi,
    bytecode: artifact.bytecode as Hex,
    deployedBytecode: artifact.deployedBytecode as Hex,
  };
}

/** A network of its own, in this process, with accounts that have ether. */
export async function network() {
  const connection = await hre.network.create();
  // A refused call is an answer here: asking again would only wait.
  const transport = custom(connection.provider, { retryCount: 0 });
  const client = createPublicClient({ chain: hardhat, transport, cacheTime: 0, pollingInterval: 5 });
  const wallet = createWalletClient({ chain: hardhat, transport });
  const [publisher, stranger, successor] = (await wallet.getAddresses()) as [Address, Address, Address];
  const mined = async (hash: Promise<Hex>) => client.waitForTransactionReceipt({ hash: await hash });
  const deploy = async (name: string): Promise<Address> => {
    const { abi, bytecode } = await artifactOf(name);
    const receipt = await mined(wallet.deployContract({ abi, bytecode, account: publisher }));
    return receipt.contractAddress!;
  };
  return { client, wallet, publisher, stranger, successor, mined, deploy, close: () => connection.close() };
}

export type Deployment = Awaited<ReturnType<typeof deployment>>;

/** A fresh AnchorLog, on a network of its own unless one is given. Every call names the account it is made from. */
export async function deployment(on?: Awaited<ReturnType<typeof network>>) {
  const net = on ?? (await network());
  const address = await net.deploy("AnchorLog");
  const client = { public: net.client, wallet: net.wallet };
  return { ...net, address, contract: getContract({ abi: anchorLogAbi, address, client }) };
}

/** Opens a log of the publisher's and answers its id. */
export async function openLog(d: Deployment, salt: Hex = `0x${"5a".repeat(32)}`): Promise<Hex> {
  await d.mined(d.contract.write.openLog([salt], { account: d.publisher }));
  return d.contract.read.logId([d.publisher, salt]);
}

/** Appends the statements as the log's next anchor. */
export async function publish(d: Deployment, log: Hex, statements: Statement[]): Promise<Anchor> {
  const anchor = anchorOf((await d.contract.read.count([log])) + 1n, statements);
  const args = [log, anchor.index, anchor.root, anchor.size] as const;
  await d.mined(d.contract.write.append(args, { account: d.publisher }));
  return anchor;
}

/** The name of the custom error a call is refused with; throws if the call is not refused, or for any other reason. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const reverted = error instanceof BaseError ? error.walk((e) => e instanceof ContractFunctionRevertedError) : null;
    if (reverted instanceof ContractFunctionRevertedError && reverted.data) return reverted.data.errorName;
    throw error;
  }
  throw new Error("the call was accepted");
}

/** Where an accepted proof says the contradiction is; throws unless it also marked the log. */
export async function imbalanceMarked(d: Deployment, log: Hex, sent: Promise<Hex>) {
  const { logs } = await d.mined(sent);
  const events = parseEventLogs({ abi: anchorLogAbi, eventName: ["LogMarked", "ImbalanceProven"], logs });
  const [mark, proof] = events;
  if (mark?.eventName !== "LogMarked" || proof?.eventName !== "ImbalanceProven" || events.length !== 2) {
    throw new Error(`unexpected events: ${events.map(({ eventName }) => eventName).join(", ")}`);
  }
  if (!(await d.contract.read.marked([log]))) throw new Error("announced, but not marked");
  return proof.args;
}
