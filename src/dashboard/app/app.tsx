import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { pacedBy } from "../look/live.ts";
import { Look } from "../look/look.tsx";
import { Waiting } from "../look/outcome.tsx";
import { takeLinkKey } from "./link-key.ts";
import { Screens } from "./screens.tsx";
import { Shell } from "./shell.tsx";
import { SignIn } from "./sign-in.tsx";
import { signInOnce } from "./sign-in-once.ts";
import { SignedIn } from "./signed-in.tsx";
import { forgetKey, onKeyChange, storedKey, storeKey } from "./stored-key.ts";
import "@mantine/notifications/styles.css";

/** Milliseconds for which what nobody looks at is kept. */
const KEPT_MS = 60_000;

const link = takeLinkKey();
const exchange = link?.once ? signInOnce(link.apiKey) : null;
if (link && !link.once) storeKey(link.apiKey);

function makeCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // What is refused stays refused; what does not answer is asked again with the next look.
        retry: false,
        refetchInterval: pacedBy(() => 0),
        refetchOnWindowFocus: true,
        networkMode: "always",
        gcTime: KEPT_MS,
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** The dashboard: whoever has a key sees what the key may see. */
export function App() {
  const [cache] = useState(makeCache);
  const [apiKey, setApiKey] = useState(storedKey);
  const [exchanging, setExchanging] = useState(exchange !== null);
  const [linkError, setLinkError] = useState<unknown>(null);

  useEffect(() => onKeyChange(() => setApiKey(storedKey())), []);
  useEffect(() => {
    if (!exchange) return;
    exchange
      .then(
        (own) => {
          storeKey(own);
          setApiKey(own);
        },
        (error: unknown) => {
          // A link that was used before is no reason to leave who is signed in already.
          if (storedKey() === null) setLinkError(error);
        },
      )
      .finally(() => setExchanging(false));
  }, []);

  const signedOut = useCallback(() => {
    forgetKey();
    setApiKey(null);
  }, []);
  const signedIn = (key: string) => {
    storeKey(key);
    setApiKey(key);
  };

  return (
    <Look>
      <QueryClientProvider client={cache}>
        <Notifications position="top-right" limit={3} />
        {exchanging ? (
          <Waiting />
        ) : apiKey === null ? (
          <SignIn error={linkError} onKey={signedIn} />
        ) : (
          <SignedIn key={apiKey} apiKey={apiKey} onSignedOut={signedOut}>
            <Shell>
              <Screens />
            </Shell>
          </SignedIn>
        )}
      </QueryClientProvider>
    </Look>
  );
}
