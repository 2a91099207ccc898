import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { TallyrootApiError } from "../../../sdk/errors.ts";
import { Nothing, Outcome } from "../../look/outcome.tsx";
import { Screen } from "../../look/screen.tsx";
import { Surface } from "../../look/surface.tsx";
import { useChosenEndpoint, useEndpoints, useServersWord } from "../endpoint.tsx";
import { EndpointForm } from "../endpoint-form.tsx";
import { Fields } from "../fields.tsx";
import { Hash } from "../hash.tsx";
import { Moment } from "../moment.tsx";
import { server } from "../server.ts";
import { AnchorState } from "./anchors.tsx";
import { AskYourself } from "./ask-yourself.tsx";
import { ContractsWord } from "./contracts-word.tsx";

const INDEX = /^[1-9][0-9]{0,14}$/;

/** One anchor: what the server says about it, and what the contract says. @param index as it stands in the address. */
export function AnchorScreen({ index }: { index: string }) {
  const isOne = INDEX.test(index);
  const anchor = useQuery({
    queryKey: ["anchor", index],
    queryFn: () => server().chain.anchor(Number(index)),
    enabled: isOne,
  });
  const chain = useServersWord();
  const { urls } = useEndpoints();
  const { choose } = useChosenEndpoint();
  const isUnknown = anchor.error instanceof TallyrootApiError && anchor.error.code === "NOT_FOUND";
  if (!isOne || isUnknown)
    return (
      <Screen title="There is no such anchor">
        <Nothing title="Anchors are numbered 1, 2, 3 without a hole">
          <Link href="/anchors">See all anchors</Link>
        </Nothing>
      </Screen>
    );
  return (
    <Screen title={`Anchor ${index}`} lead={<Link href="/anchors">All anchors</Link>}>
      <Stack gap="md">
        <Surface title="What this server says">
          <Outcome query={anchor} lines={6}>
            {({ root, size, status, transactionHash, blockNumber, blockHash, blockTime }) => (
              <Fields
                fields={[
                  ["Status", <AnchorState key="status" status={status} />],
                  ["Root", <Hash key="root" value={root} name="root" />],
                  ["Leaves", `${size.toLocaleString("en")}, the ledgers and statements under the root`],
                  [
                    "Transaction",
                    transactionHash ? <Hash key="transaction" value={transactionHash} name="transaction" /> : "not yet",
                  ],
                  ["Block", blockNumber ?? "not yet"],
                  ["Block hash", blockHash ? <Hash key="block" value={blockHash} name="block hash" /> : "not yet"],
                  ["Block time", <Moment key="time" time={blockTime} />],
                ]}
              />
            )}
          </Outcome>
        </Surface>
        {anchor.data && chain.data && (
          <>
            <Surface title="What the contract says">
              <Stack gap="md">
                {urls.length === 0 && (
                  <Text fz="sm">Give an endpoint of the chain, and this browser asks the contract.</Text>
                )}
                {urls.map((url) => (
                  <ContractsWord key={url} url={url} anchor={anchor.data} place={chain.data} />
                ))}
                <EndpointForm key={urls.join()} urls={urls} onUrls={choose} />
              </Stack>
            </Surface>
            <AskYourself url={urls[0] ?? "http://127.0.0.1:8545"} place={chain.data} index={anchor.data.index} />
          </>
        )}
      </Stack>
    </Screen>
  );
}
