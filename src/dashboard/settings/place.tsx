import { Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSession } from "../app/session.tsx";
import { Hash } from "../look/hash.tsx";
import { Outcome } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";
import { Facts } from "./facts.tsx";

/** Where this server is, and where its anchors are. */
export function Place() {
  const { pac } = useSession();
  const place = useQuery({ queryKey: ["chain"], queryFn: () => pac.chain.place() });
  return (
    <Surface title="Server and chain">
      <Outcome query={place} lines={7}>
        {({ chainId, contract, log, publisher, latestIndex, confirmations, finality, rpcUrl }) => (
          <Facts
            facts={[
              { name: "Server", value: location.origin },
              { name: "Chain id", value: String(chainId) },
              { name: "Contract", value: <Hash value={contract} name="contract address" href="/contract" /> },
              { name: "Log", value: <Hash value={log} name="log id" /> },
              { name: "Publisher", value: <Hash value={publisher} name="publisher address" /> },
              { name: "Newest anchor", value: latestIndex === 0 ? "none yet" : latestIndex.toLocaleString("en") },
              {
                name: "Confirmations",
                value:
                  finality === "confirmations" ? confirmations.toLocaleString("en") : `until the block is ${finality}`,
              },
              { name: "RPC endpoint", value: rpcUrl ?? "not open to everybody: use one of your own" },
            ]}
          />
        )}
      </Outcome>
      <Group gap="md" mt="md">
        <a href="/docs">API reference</a>
        <a href="/openapi.json">openapi.json</a>
        <a href="/contract">The contract</a>
      </Group>
      <Text fz="sm" c="dimmed" mt="xs">
        The server is set up by environment variables when it starts; nothing of that is changed here.
      </Text>
    </Surface>
  );
}
