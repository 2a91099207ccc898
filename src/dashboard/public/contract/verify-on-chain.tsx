import { Stack, Text } from "@mantine/core";
import type { ChainView } from "../../../sdk/chain-answers.ts";
import { Surface } from "../../look/surface.tsx";
import { CodeBlock } from "../code-block.tsx";

/** How the contract itself is asked whether evidence holds. */
export function VerifyOnChain({ place, url }: { place: ChainView | undefined; url: string | undefined }) {
  const { contract = "$CONTRACT", log = "$LOG" } = place ?? {};
  const lines = [
    `cast call ${contract} \\`,
    "  'verifyDelta(bytes32,uint64,(address,uint64,int256,int256,uint64,bytes32),bytes32[],(address,uint64,int256,bytes32),bytes32[])(bool)' \\",
    `  ${log} $INDEX \\`,
    "  '(ledger,sequence,amount,balance,recordedAt,commitment)' '[ledgerProof]' '(ledger,count,balance,root)' '[anchorProof]' \\",
    `  --rpc-url '${url ?? "http://127.0.0.1:8545"}'`,
  ];
  return (
    <Surface title="Verify evidence on chain">
      <Stack gap="sm">
        <Text fz="sm">
          The contract computes the hashes itself: verifyDelta, verifyHead and verifyCheckpoint take the plain fields of
          a receipt with its proofs, and answer true or false. A receipt that is verified on this site shows this line
          with its own values in the details of step 6.
        </Text>
        <CodeBlock name="verifyDelta command" text={lines.join("\n")} />
        <Text fz="sm">
          Two statements of one log that contradict each other are evidence against its publisher: proveFork,
          proveImbalance and their kind accept it, and mark the log for good.
        </Text>
      </Stack>
    </Surface>
  );
}
