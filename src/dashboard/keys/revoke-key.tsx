import { useQueryClient } from "@tanstack/react-query";
import type { KeyView } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { SESSION_LABEL } from "../app/sign-in-once.ts";
import { Confirm } from "../look/confirm.tsx";

/** Ends a key at once, after asking. */
export function RevokeKey({ apiKey, onClose }: { apiKey: KeyView; onClose: () => void }) {
  const { pac, who, signOut } = useSession();
  const cache = useQueryClient();
  const inUse = apiKey.publicId === who.key.publicId;

  async function revoke() {
    // Signing out ends a key that this page had made for itself.
    if (!inUse || apiKey.label !== SESSION_LABEL) await pac.keys.revoke(apiKey.publicId);
    if (inUse) await signOut();
    else await cache.invalidateQueries({ queryKey: ["keys"] });
  }

  return (
    <Confirm title={`Revoke ${apiKey.label || apiKey.publicId}?`} deed="Revoke" act={revoke} onClose={onClose}>
      The key stops working at once and for good: whoever uses it is refused from the next request on. What was recorded
      with it stays.
      {inUse && (
        <strong>
          {" "}
          It is the key that this browser is signed in with: you will be signed out, and need another one.
        </strong>
      )}
    </Confirm>
  );
}
