import { Button, Group, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ChainUnavailableError } from "../../../core/errors.ts";
import type { AnchorView, ChainView } from "../../../sdk/chain-answers.ts";
import { Waiting } from "../../look/outcome.tsx";
import { Compared } from "../compared.tsx";
import { Fields } from "../fields.tsx";
import { askContract, type ContractsAnswer } from "./ask-contract.ts";

type Props = { url: string; anchor: AnchorView; place: ChainView };

const NOTHING = `0x${"0".repeat(64)}`;

/** What the contract holds, read by this browser now, beside what the server says. */
export function ContractsWord({ url, anchor, place }: Props) {
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["contract", url, anchor.index, anchor.transactionHash, anchor.status],
    queryFn: () => askContract(url, place, anchor),
    refetchInterval: false,
    refetchOnWindowFocus: false,
  });
  if (error && !(error instanceof ChainUnavailableError)) throw error;
  return (
    <div aria-live="polite" aria-busy={isFetching}>
      <Group justify="space-between" mb="sm">
        <Text fz="sm" fw={600}>
          {new URL(url).origin}
        </Text>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconRefresh size={14} aria-hidden />}
          loading={isFetching}
          onClick={() => void refetch()}
        >
          Read from the contract now
        </Button>
      </Group>
      {error ? (
        <Text fz="sm" c="var(--bad)">
          The contract was not asked: {error.message}. Give another endpoint below.
        </Text>
      ) : data ? (
        <Answer answer={data} anchor={anchor} place={place} />
      ) : (
        <Waiting lines={3} />
      )}
    </div>
  );
}

function Answer({ answer, anchor, place }: { answer: ContractsAnswer; anchor: AnchorView; place: ChainView }) {
  const { chainId, root, transaction, block, confirmations } = answer;
  if (chainId !== BigInt(place.chainId))
    return (
      <Text fz="sm" c="var(--bad)">
        This endpoint is of chain {String(chainId)}. The anchors are on chain {place.chainId}, so it can say nothing
        about them.
      </Text>
    );
  return (
    <Fields
      fields={[
        [
          "Root",
          root === null ? (
            <Compared key="root" same={false} differs="no AnchorLog is at the contract's address on this chain" />
          ) : root === NOTHING ? (
            <Compared key="root" same={false} differs="the contract holds nothing at this index" />
          ) : (
            <Compared key="root" value={root} same={root === anchor.root} differs="differs from what the server says" />
          ),
        ],
        [
          "Block hash",
          block ? (
            <Compared
              key="block"
              value={block.hash}
              same={block.hash === anchor.blockHash}
              differs="differs from what the server says"
            />
          ) : (
            "not in a block yet"
          ),
        ],
        ["Confirmations", confirmations === null ? "none yet" : confirmations.toLocaleString("en")],
        [
          "Gas used",
          transaction ? <GasUsed key="gas" used={transaction.gasUsed} said={anchor.gasUsed} /> : "not known yet",
        ],
      ]}
    />
  );
}

/** What the chain says, and what the server says only where that is something else. */
function GasUsed({ used, said }: { used: bigint; said: number | null }) {
  const value = used.toLocaleString("en");
  if (said === null || used === BigInt(said)) return value;
  return <Compared value={value} same={false} differs={`the server says ${said.toLocaleString("en")}`} />;
}
