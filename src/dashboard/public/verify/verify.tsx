import { useCallback, useState } from "react";
import { useLocation } from "wouter";
import { POLICY_FORMAT } from "../../../core/policy.ts";
import { Screen } from "../../look/screen.tsx";
import { Surface } from "../../look/surface.tsx";
import { useChosenEndpoint } from "../endpoint.tsx";
import { type Brought, ChooseEvidence } from "./choose-evidence.tsx";
import { FetchedEvidence } from "./fetched-evidence.tsx";
import { HowItWorks } from "./how-it-works.tsx";
import { Judged } from "./judged.tsx";
import type { Known } from "./pins.ts";
import { readPolicy } from "./pins-form.tsx";
import type { SavedEvidence } from "./saved-evidence.ts";

type Props = {
  /** What the address asks for. */
  fingerprint?: string | undefined;
  /** What the page was saved with. */
  saved?: SavedEvidence;
};

/** Verifying: evidence comes from the visitor, from the server by its fingerprint, or with the page that was saved. */
export function Verify({ fingerprint, saved }: Props) {
  const [brought, setBrought] = useState<Brought | null>(saved ? { name: saved.name, bytes: saved.bytes } : null);
  const [known, setKnown] = useState<Known>(saved?.known ?? {});
  const [, go] = useLocation();
  const { choose } = useChosenEndpoint();

  const takePolicy = useCallback(
    (pins: Known, rpc: readonly string[]) => {
      setKnown(pins);
      if (rpc.length > 0) choose(rpc);
    },
    [choose],
  );
  const takeFile = (file: Brought) => {
    const policy = policyIn(file);
    if (policy) takePolicy(policy.known, policy.rpc);
    else setBrought(file);
  };
  const askFor = (asked: string) => {
    setBrought(null);
    go(`/verify/${asked}`);
  };

  const asked = saved ? (saved.fingerprint ?? undefined) : fingerprint;
  const judge = (file: Brought, from: "server" | "visitor" | "saved", listDeltas?: () => void) => (
    <Judged
      file={file}
      from={from}
      listDeltas={listDeltas}
      fingerprint={asked}
      known={known}
      saved={saved}
      onKnown={setKnown}
      onPolicy={takePolicy}
      onAlone={() => go("/verify")}
    />
  );
  const chooser = <ChooseEvidence onFile={takeFile} onFingerprint={saved ? undefined : askFor} />;

  return (
    <Screen
      title={brought || asked ? "Verification" : "Verify a receipt"}
      tabTitle="Verify a receipt"
      lead={
        brought || asked
          ? undefined
          : "Everything is computed again in this browser, and the contract on the chain is asked. What remains somebody's word is named."
      }
    >
      {brought ? (
        judge(brought, saved && brought.bytes === saved.bytes ? "saved" : "visitor")
      ) : asked !== undefined ? (
        <FetchedEvidence key={asked} fingerprint={asked}>
          {(file, listDeltas) => judge(file, "server", listDeltas)}
        </FetchedEvidence>
      ) : (
        <>
          {chooser}
          <HowItWorks known={known} />
        </>
      )}
      {(brought || asked) && (
        <Surface title="Verify something else" mt="md" className="surface no-print" aria-label="Verify something else">
          {chooser}
        </Surface>
      )}
    </Screen>
  );
}

/** What a file pins, where it is a policy and no evidence. */
function policyIn({ bytes }: Brought) {
  const text = new TextDecoder().decode(bytes);
  if (!text.includes(POLICY_FORMAT)) return undefined;
  const read = readPolicy(text);
  return "known" in read ? read : undefined;
}
