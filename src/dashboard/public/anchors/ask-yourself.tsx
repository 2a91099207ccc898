import { Stack, Text } from "@mantine/core";
import { fromHex } from "../../../core/bytes.ts";
import type { ChainView } from "../../../sdk/chain-answers.ts";
import { rootCall } from "../../../witness/log-calls.ts";
import { Surface } from "../../look/surface.tsx";
import { CodeBlock } from "../code-block.tsx";

type Props = { url: string; place: ChainView; index: number };

/** The same question for a terminal: neither this page nor this server has a hand in it. */
export function AskYourself({ url, place, index }: Props) {
  return (
    <Surface title="Ask it yourself">
      <Stack gap="sm">
        <Text fz="sm">The answer is the root, straight from the contract. Any endpoint of the chain will do.</Text>
        <CodeBlock name="curl command" text={curlLine(url, place, index)} />
        <Text fz="sm">The same with Foundry:</Text>
        <CodeBlock name="cast command" text={castLine(url, place, index)} />
      </Stack>
    </Surface>
  );
}

/** A JSON-RPC question that runs as it is. */
export function curlLine(url: string, { contract, log }: ChainView, index: number): string {
  const data = rootCall(fromHex(log, 32), BigInt(index));
  const body = { jsonrpc: "2.0", id: 1, method: "eth_call", params: [{ to: contract, data }, "latest"] };
  return `curl -s ${quoted(url)} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
}

function castLine(url: string, { contract, log }: ChainView, index: number): string {
  return `cast call ${contract} 'root(bytes32,uint64)(bytes32)' ${log} ${index} --rpc-url ${quoted(url)}`;
}

/** One word of a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
