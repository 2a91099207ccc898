import { Button, Group, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ChainUnavailableError } from "../../../core/errors.ts";
import type { ChainView } from "../../../sdk/chain-answers.ts";
import { Waiting } from "../../look/outcome.tsx";
import { Compared } from "../compared.tsx";
import { Fields } from "../fields.tsx";
import { askCode, type CodeAnswer } from "./ask-code.ts";
import { codeHash } from "./built-with.ts";

type Props = { url: string; place: ChainView };

/** The code at the contract's address, read by this browser, beside what the sources compile to. */
export function CodesWord({ url, place }: Props) {
  const { chainId, contract, log } = place;
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["code", url, chainId, contract, log],
    queryFn: () => askCode(url, place),
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
          Read from the chain now
        </Button>
      </Group>
      {error ? (
        <Text fz="sm" c="var(--bad)">
          The chain was not asked: {error.message}. Give another endpoint below.
        </Text>
      ) : data ? (
        <Answer answer={data} place={place} />
      ) : (
        <Waiting lines={3} />
      )}
    </div>
  );
}

function Answer({ answer, place }: { answer: CodeAnswer; place: ChainView }) {
  if (answer.chainId !== BigInt(place.chainId))
    return (
      <Text fz="sm" c="var(--bad)">
        This endpoint is of chain {String(answer.chainId)}. The contract is on chain {place.chainId}, so it can say
        nothing about it.
      </Text>
    );
  if (answer.codeHash === null) return <Compared same={false} differs="there is no contract at this address" />;
  return (
    <Fields
      fields={[
        [
          "Code hash",
          <Compared
            key="code"
            value={answer.codeHash}
            same={answer.codeHash === codeHash}
            equal="equal: the code is that of the sources below"
            differs="differs: this is other code than that of the sources below"
          />,
        ],
        [
          "Publisher",
          <Compared
            key="publisher"
            {...(answer.publisher && { value: answer.publisher })}
            same={answer.publisher === place.publisher}
            differs="differs from what the server says"
          />,
        ],
        ["Anchors", answer.count === null ? "not told" : answer.count.toLocaleString("en")],
      ]}
    />
  );
}
