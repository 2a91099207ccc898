import { createContext, useContext } from "react";
import type { CurrentKeyView } from "../../sdk/operating-answers.ts";
import type { Tallyroot } from "../../sdk/tallyroot.ts";

/** Who looks, and the client that asks for them. */
export type Session = {
  pac: Tallyroot;
  who: CurrentKeyView;
  /** The one customer that this key reads; null for a key of the whole tenant. */
  customerId: string | null;
  mayWrite: boolean;
  mayAdmin: boolean;
  /** Ends the key where it is this page's own, and forgets it here. */
  signOut: () => Promise<void>;
};

export const SessionContext = createContext<Session | null>(null);

/** @throws Error outside of the signed-in part of the page. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("used where nobody is signed in");
  return session;
}
