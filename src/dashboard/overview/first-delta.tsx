import { Code, Text } from "@mantine/core";
import { Surface } from "../look/surface.tsx";

/** What to do when nothing is recorded yet. */
export function FirstDelta() {
  const command = `curl ${location.origin}/api/v1/balance/delta \\
  -H "X-Api-Key: $(cat data/api-key)" \\
  -H "Content-Type: application/json" \\
  -d '{"customerId": "cust_001", "delta": 500, "reason": "initial_deposit"}'`;
  return (
    <Surface title="Nothing is recorded yet">
      <Text fz="sm" mb="sm">
        Record a first delta from a terminal; it shows up here by itself. Its ledger is made with it.
      </Text>
      <Code block tabIndex={0}>
        {command}
      </Code>
    </Surface>
  );
}
