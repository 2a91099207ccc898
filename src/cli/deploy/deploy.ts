import { readFileSync } from "node:fs";
import { createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { anchorLogAbi } from "../../chain/anchor-log-abi.ts";
import { asking, chainReader } from "../../chain/anchor-log-client.ts";
import { checksumAddress } from "../../core/address.ts";
import { fromHex, type Hex, toHex } from "../../core/bytes.ts";
import { ChainUnavailableError } from "../../core/errors.ts";
import { keccak } from "../../core/keccak.ts";

const ARTIFACT = new URL("../../../artifacts/contracts/AnchorLog.sol/AnchorLog.json", import.meta.url);
/** Milliseconds between two looks for the transaction, and after which it has taken too long. */
const POLLING_MS = 250;
const MINING_MS = 300_000;

export type Deployed = {
  chainId: number;
  contract: string;
  codeHash: Hex;
  transactionHash: Hex;
  blockNumber: number;
  deployer: string;
};

/**
 * Deploys the contract as it is compiled here. It has no owner: whoever deploys it gets no right over it.
 *
 * @throws ChainUnavailableError
 */
export function deployAnchorLog(rpcUrl: string, key: Hex): Promise<Deployed> {
  return asking("deploying the contract", async () => {
    const reader = chainReader(rpcUrl);
    const account = privateKeyToAccount(key);
    const chainId = await reader.getChainId();
    const { bytecode } = JSON.parse(readFileSync(ARTIFACT, "utf8")) as { bytecode: Hex };
    const wallet = createWalletClient({ account, transport: http(rpcUrl) });
    const hash = await wallet.deployContract({ abi: anchorLogAbi, bytecode, chain: null });
    const receipt = await reader.waitForTransactionReceipt({ hash, pollingInterval: POLLING_MS, timeout: MINING_MS });
    const { contractAddress: address, transactionHash, blockNumber } = receipt;
    const code = address ? await reader.getCode({ address }) : undefined;
    if (!address || !code) throw new ChainUnavailableError(`transaction ${transactionHash} has made no contract`);
    return {
      chainId,
      contract: checksumAddress(fromHex(address.toLowerCase(), 20)),
      codeHash: toHex(keccak(fromHex(code))),
      transactionHash,
      blockNumber: Number(blockNumber),
      deployer: account.address,
    };
  });
}
