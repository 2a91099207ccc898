import { command } from "../command.ts";
import { EXIT, UsageError } from "../ending.ts";
import { printJson } from "../terminal.ts";

export const deploy = command({
  command: "deploy",
  describe: "Put the contract AnchorLog on a chain, at the address that it has on every network",
  options: {
    rpc: { describe: "An endpoint of the chain, or several with commas between them", demandOption: true },
    "chain-id": { describe: "The chain that it must be; nothing is sent to another" },
    "key-file": { describe: "The key that pays for it, 32 bytes as hex; else the settings of a server" },
    keystore: { describe: "The key that pays for it, in an encrypted keystore (geth, foundry)" },
    "password-file": { describe: "The keystore's password" },
    "key-command": { describe: "A command that prints the key that pays for it; no shell reads it" },
    "max-fee-gwei": {
      describe: "The most to pay, in gwei per gas; else TALLYROOT_MAX_FEE_GWEI, else whatever is asked",
    },
    plain: {
      type: "boolean",
      describe: "Deploy without the deterministic deployment proxy, at an address of its own",
      default: false,
    },
    out: { describe: "The record's file; else contracts/deployments/<chain id>.json in a clone" },
    "verification-dir": { describe: "A folder for copies of what block explorers need to verify the source" },
    json: { type: "boolean", describe: "Print where it is as JSON", default: false },
  },
  examples: [
    ["deploy --rpc https://rpc.example --keystore publisher.json --password-file password", "then start the server"],
    [
      "deploy --rpc https://rpc.example --chain-id 11155111 --key-command 'vault kv get -field=key secret/publisher'",
      "",
    ],
  ],
  exits: {
    [EXIT.DONE]: "the contract is there, with its code: deployed now, or before",
    [EXIT.REFUSED]:
      "refused: other code is there, not enough ether, another chain, a network without the proxy; or a fault",
    [EXIT.MISUSED]: "wrong usage, or a key or a file that cannot be used",
    [EXIT.UNANSWERED]: "the chain does not answer, or does not take the transaction",
  },
  endings: { DeploymentError: EXIT.REFUSED, PublisherKeyError: EXIT.MISUSED },
  async run(values, terminal) {
    const { isEndpointUrl } = await import("../../witness/endpoint.ts");
    const rpcUrls = values.rpc.split(",").map((one) => one.trim());
    if (!rpcUrls.every(isEndpointUrl))
      throw new UsageError("--rpc takes an http or https URL, or several with commas between them");
    const { "chain-id": chainId, "max-fee-gwei": fee } = values;
    if (chainId !== undefined && !/^[1-9][0-9]{0,14}$/.test(chainId))
      throw new UsageError("--chain-id takes a whole number");
    const { mostToPay, payingKeyOf } = await import("../deploy/key-source.ts");
    const key = payingKeyOf(values, terminal.env);
    const maxFee = mostToPay(fee, terminal.env);
    const [{ deployAnchorLog }, { verificationFiles }] = await Promise.all([
      import("../deploy/deploy.ts"),
      import("../deploy/verification.ts"),
    ]);
    const deployed = await deployAnchorLog({
      rpcUrls,
      maxFee,
      key,
      chainId: chainId === undefined ? undefined : Number(chainId),
      plain: values.plain,
      out: values.out,
    });
    const verification = verificationFiles(values["verification-dir"]);
    if (values.json) printJson(terminal, { ...deployed, verification });
    else {
      const { deploymentText } = await import("../deploy/report.ts");
      terminal.out(deploymentText(deployed, verification));
    }
    return undefined;
  },
});
