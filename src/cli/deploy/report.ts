import type { Deployed } from "./deploy.ts";
import type { Verification } from "./verification.ts";

/** What a person at the terminal needs of a deployment. */
export function deploymentText(
  deployed: Deployed,
  { compiler, contractName, standardInput, metadata }: Verification,
): string {
  const { chainId, contract, codeHash, transactionHash, blockNumber, deployer, salt, outcome, record } = deployed;
  const lines = [
    outcome === "deployed"
      ? `AnchorLog is at ${contract} on chain ${chainId} now.`
      : `AnchorLog was at ${contract} on chain ${chainId} already, with the right code: nothing was sent.`,
    `  code         ${codeHash}`,
    ...(transactionHash === null ? [] : [`  transaction  ${transactionHash} in block ${blockNumber}`]),
    ...(deployer === null ? [] : [`  made by      ${deployer}, with salt ${salt}`]),
    ...(record === null ? [] : [`  record       ${record}`]),
    `  to verify    compiler v${compiler}, contract ${contractName}`,
    `               ${standardInput} (standard JSON input)`,
    `               ${metadata} (metadata)`,
    // At its deterministic address a server finds it by itself.
    `  set          TALLYROOT_CHAIN=rpc TALLYROOT_RPC_URL=…${deployer === null ? ` TALLYROOT_CONTRACT=${contract}` : ""}`,
  ];
  return `${lines.join("\n")}\n`;
}
