import { Stack, Text } from "@mantine/core";
import { Outcome } from "../../look/outcome.tsx";
import { Screen } from "../../look/screen.tsx";
import { Surface } from "../../look/surface.tsx";
import { useChosenEndpoint, useEndpoints, useServersWord } from "../endpoint.tsx";
import { EndpointForm } from "../endpoint-form.tsx";
import { Fields } from "../fields.tsx";
import { Hash } from "../hash.tsx";
import { codeHash } from "./built-with.ts";
import { CodesWord } from "./codes-word.tsx";
import { Sources } from "./sources.tsx";
import { VerifyOnChain } from "./verify-on-chain.tsx";

/** The contract: where it is, that its code is that of the sources shown, and how to ask it. */
export function Contract() {
  const chain = useServersWord({ live: true });
  const { urls } = useEndpoints();
  const { choose } = useChosenEndpoint();
  return (
    <Screen
      title="Contract"
      lead="It has no owner and no function that replaces a root. Anybody may read it, and ask it to verify evidence."
    >
      <Stack gap="md">
        <Surface title="What this server says">
          <Outcome query={chain} lines={6}>
            {(place) => (
              <Fields
                fields={[
                  ["Chain id", place.chainId],
                  ["Contract", <Hash key="contract" value={place.contract} name="contract" />],
                  ["Log", <Hash key="log" value={place.log} name="log" />],
                  ["Publisher", <Hash key="publisher" value={place.publisher} name="publisher" />],
                  ["Anchors", place.latestIndex.toLocaleString("en")],
                  ["Code hash", <Hash key="code" value={place.codeHash} name="code hash" />],
                ]}
              />
            )}
          </Outcome>
        </Surface>
        <Surface title="What the chain says">
          <Stack gap="md">
            <Fields
              fields={[
                [
                  "Code hash of the sources below",
                  <Hash key="built" value={codeHash} name="code hash of the sources" />,
                ],
              ]}
            />
            {urls.length === 0 && (
              <Text fz="sm">Give an endpoint of the chain, and this browser asks for the code.</Text>
            )}
            {chain.data && urls.map((url) => <CodesWord key={url} url={url} place={chain.data} />)}
            <EndpointForm key={urls.join()} urls={urls} onUrls={choose} />
          </Stack>
        </Surface>
        <VerifyOnChain place={chain.data} url={urls[0]} />
        <Sources />
      </Stack>
    </Screen>
  );
}
