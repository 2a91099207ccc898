import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useMemo, useState } from "react";
import { server } from "./server.ts";

/** The endpoints of the chain that the visitor chose; null while the server's own is taken. Kept in memory only: a URL may be a secret. */
type Choice = {
  chosen: readonly string[] | null;
  choose: (urls: readonly string[]) => void;
  /** Whose choice it is: a saved page brings one along. */
  word: "you" | "saved";
};

const ChoiceContext = createContext<Choice | null>(null);

export function ChosenEndpoint({ saved, children }: { saved: readonly string[] | null; children: React.ReactNode }) {
  const [chosen, choose] = useState(saved);
  const choice = useMemo(
    () => ({ chosen, choose, word: chosen !== null && chosen === saved ? ("saved" as const) : ("you" as const) }),
    [chosen, saved],
  );
  return <ChoiceContext value={choice}>{children}</ChoiceContext>;
}

/** @throws Error outside of the public application. */
export function useChosenEndpoint(): Choice {
  const choice = useContext(ChoiceContext);
  if (!choice) throw new Error("used where no endpoint is chosen");
  return choice;
}

/** Milliseconds between two looks at what may change, or has not been answered yet. */
const LOOK_MS = 2000;

/** Where the server says that its anchors are. It is asked for when a page opens, so that it is known when the server is gone. */
export function useServersWord({ live = false }: { live?: boolean } = {}) {
  return useQuery({
    queryKey: ["chain"],
    queryFn: () => server().chain.place(),
    enabled: location.protocol !== "file:",
    gcTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (live || !state.data ? LOOK_MS : false),
    staleTime: live ? 0 : Number.POSITIVE_INFINITY,
  });
}

/** The endpoints to ask, and whose choice they are. */
export function useEndpoints(): { urls: readonly string[]; word: "you" | "server" | "saved" } {
  const { chosen, word } = useChosenEndpoint();
  const proposed = useServersWord().data?.rpcUrl ?? null;
  return useMemo(() => {
    if (chosen !== null) return { urls: chosen, word };
    return { urls: proposed === null ? [] : [proposed], word: "server" };
  }, [chosen, word, proposed]);
}
