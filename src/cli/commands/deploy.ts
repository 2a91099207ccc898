import { command } from "../command.ts";
import { UsageError } from "../ending.ts";
import { printJson } from "../terminal.ts";

export const deploy = command({
  command: "deploy",
  describe: "Deploy the contract AnchorLog to a chain",
  options: {
    rpc: { describe: "An endpoint of the chain", demandOption: true },
    "key-file": { describe: "The key that pays for it, 32 bytes as 0x hex; else TALLYROOT_PUBLISHER_KEY" },
    json: { type: "boolean", describe: "Print where it is as JSON", default: false },
  },
  examples: [
    ["deploy --rpc https://rpc.example --key-file publisher-key", "then set TALLYROOT_CONTRACT to its address"],
  ],
  exits: { 3: "the chain does not answer, or does not take the transaction" },
  async run(values, terminal) {
    const { isEndpointUrl } = await import("../../witness/endpoint.ts");
    if (!isEndpointUrl(values.rpc)) throw new UsageError("--rpc takes an http or https URL");
    const { signerOf } = await import("../prove/signer.ts");
    const signer = await signerOf({
      "key-file": values["key-file"],
      environment: values["key-file"] === undefined ? terminal.env.TALLYROOT_PUBLISHER_KEY : undefined,
    });
    if (!signer || !("key" in signer)) throw new UsageError("say who pays: --key-file or TALLYROOT_PUBLISHER_KEY");
    const { deployAnchorLog } = await import("../deploy/deploy.ts");
    const deployed = await deployAnchorLog(values.rpc, signer.key);
    if (values.json) printJson(terminal, deployed);
    else
      terminal.out(
        [
          `AnchorLog is at ${deployed.contract} on chain ${deployed.chainId}`,
          `  code         ${deployed.codeHash}`,
          `  transaction  ${deployed.transactionHash} in block ${deployed.blockNumber}`,
          `  set          TALLYROOT_CHAIN=rpc TALLYROOT_RPC_URL=… TALLYROOT_CONTRACT=${deployed.contract}`,
          "",
        ].join("\n"),
      );
    return undefined;
  },
});
