import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { Route, Switch } from "wouter";
import { TallyrootApiError } from "../../sdk/errors.ts";
import { Look } from "../look/look.tsx";
import { Nothing } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { AnchorScreen } from "./anchors/anchor.tsx";
import { Anchors } from "./anchors/anchors.tsx";
import { Contract } from "./contract/contract.tsx";
import { ChosenEndpoint, useServersWord } from "./endpoint.tsx";
import { Frame } from "./frame.tsx";
import { usePageParts } from "./verify/save-button.tsx";
import type { SavedEvidence } from "./verify/saved-evidence.ts";
import { Verify } from "./verify/verify.tsx";
import "./public.css";

/** Milliseconds between two looks at what is on screen. */
const LIVE_MS = 2000;

function makeCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        refetchInterval: ({ state }) => (isFinal(state.error) ? false : LIVE_MS),
        networkMode: "always",
      },
    },
  });
}

function isFinal(error: unknown): boolean {
  return error instanceof TallyrootApiError && !error.retryable;
}

/** What anybody may look at: verifying a receipt, the anchors, the contract. A saved page has the first of these only, and no server. */
export function Public({ saved }: { saved: SavedEvidence | null }) {
  const [cache] = useState(makeCache);
  return (
    <Look>
      <QueryClientProvider client={cache}>
        <ChosenEndpoint saved={saved?.endpoints ?? null}>
          <Frame saved={saved !== null}>{saved ? <Verify saved={saved} /> : <Screens />}</Frame>
        </ChosenEndpoint>
      </QueryClientProvider>
    </Look>
  );
}

/** What must be known when the server is gone is asked for at once, whichever screen is first. */
function Screens() {
  useServersWord();
  usePageParts();
  return (
    <Switch>
      <Route path="/verify/:fingerprint?">{({ fingerprint }) => <Verify fingerprint={fingerprint} />}</Route>
      <Route path="/anchors">
        <Anchors />
      </Route>
      <Route path="/anchors/:index">{({ index }) => <AnchorScreen key={index} index={index} />}</Route>
      <Route path="/contract">
        <Contract />
      </Route>
      <Route>
        <Screen title="There is nothing here">
          <Nothing title="This page does not exist">
            <a href="/verify">Verify a receipt</a>
          </Nothing>
        </Screen>
      </Route>
    </Switch>
  );
}
