import { Box, Button, Group, Stack, Text } from "@mantine/core";
import { IconDownload, IconPrinter, IconSum } from "@tabler/icons-react";
import { useMemo } from "react";
import { fromHex, toHex } from "../../../core/bytes.ts";
import type { FileVerification } from "../../../core/verify-file.ts";
import { download } from "../../look/download.ts";
import { Waiting } from "../../look/outcome.tsx";
import { Surface } from "../../look/surface.tsx";
import { codeHash } from "../contract/built-with.ts";
import { useChosenEndpoint, useEndpoints, useServersWord } from "../endpoint.tsx";
import { EndpointForm } from "../endpoint-form.tsx";
import type { Brought } from "./choose-evidence.tsx";
import { Facts } from "./facts.tsx";
import { type Known, pinsFrom, serversWord } from "./pins.ts";
import { PinsForm } from "./pins-form.tsx";
import { PrintedHead } from "./printed-head.tsx";
import { SaveButton } from "./save-button.tsx";
import type { SavedEvidence } from "./saved-evidence.ts";
import { Steps } from "./steps.tsx";
import { type Task, useCheck } from "./use-check.ts";
import { VerdictBanner } from "./verdict.tsx";
import { WhoChecked } from "./who-checked.tsx";

type Props = {
  file: Brought;
  from: "server" | "visitor" | "saved";
  /** What the file must be about. */
  fingerprint: string | undefined;
  known: Known;
  saved: SavedEvidence | undefined;
  /** Fetches a statement's deltas with it, where they are to be had. */
  listDeltas: (() => void) | undefined;
  onKnown: (known: Known) => void;
  onPolicy: (known: Known, rpc: readonly string[]) => void;
  /** The file is to be verified for what it is, whatever the address asks for. */
  onAlone: () => void;
};

const ORIGINS = {
  server: "The file came from this server.",
  visitor: "You gave the file.",
  saved: "The file was saved with this page.",
} as const;

/** A file on its way through the six steps: verdict, what it says, the steps, and whose word the rest is. */
export function Judged({ file, from, fingerprint, known, saved, listDeltas, onKnown, onPolicy, onAlone }: Props) {
  const chain = useServersWord();
  const { choose } = useChosenEndpoint();
  const endpoints = useEndpoints();
  const word = useMemo(
    () => (saved ? saved.serversWord : chain.data ? serversWord(chain.data) : null),
    [saved, chain.data],
  );
  const isHeard = saved !== undefined || chain.isFetched;
  const task = useMemo<Task | null>(
    () =>
      isHeard
        ? {
            bytes: file.bytes,
            expected: {
              ...(fingerprint && { fingerprint: fromHex(fingerprint, 32) }),
              ...(known.namespace && { namespace: fromHex(known.namespace.toLowerCase(), 20) }),
            },
            pinsFor: (anchor) => pinsFrom(known, word, codeHash, anchor),
            endpoints: endpoints.urls,
          }
        : null,
    [isHeard, file, fingerprint, known, word, endpoints.urls],
  );
  const progress = useCheck(task);
  const { verdict, file: checked, pins } = progress;
  if (!isHeard) return <Waiting />;

  const verifyUrl = saved ? saved.verifyUrl : verifyUrlOf(checked);
  const evidence = (): SavedEvidence => ({
    ...file,
    known,
    serversWord: word,
    endpoints: endpoints.urls,
    fingerprint: fingerprint ?? null,
    verifyUrl,
    savedAt: new Date().toISOString(),
  });
  const { receipt } = checked ?? {};
  const isBare = receipt?.kind === "checkpoint" && !receipt.deltas && BigInt(receipt.checkpoint.count) > 0n;
  const isOther = verdict?.kind === "refused" && verdict.failure === "FINGERPRINT_NOT_EXPECTED" && !saved;

  return (
    <Stack gap="md">
      <PrintedHead name={file.name} verifyUrl={verifyUrl} />
      <VerdictBanner progress={progress} />
      {isOther && (
        <Text fz="sm" className="no-print">
          The address of this page asks for another receipt than the file is.{" "}
          <Button size="compact-sm" variant="default" onClick={onAlone}>
            Verify the file for what it is
          </Button>
        </Text>
      )}
      {verdict && (
        <Group gap="sm" className="no-print">
          <SaveButton evidence={evidence} />
          <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>
            Print
          </Button>
          <Button
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            onClick={() => download(file.name, "application/json", [new Uint8Array(file.bytes)])}
          >
            Download the file
          </Button>
          {isBare && listDeltas && (
            <Button variant="default" leftSection={<IconSum size={16} aria-hidden />} onClick={listDeltas}>
              Add up its deltas, too
            </Button>
          )}
        </Group>
      )}
      {checked && <Facts file={checked} />}
      <Steps progress={progress} endpoint={endpoints.urls[0]} />
      <WhoChecked
        progress={progress}
        endpoints={endpoints.urls}
        endpointsWord={endpoints.word}
        saved={saved !== undefined}
        origin={ORIGINS[from]}
      />
      <Surface title="Check it your way" className="surface no-print">
        <Stack gap="lg">
          <EndpointForm key={endpoints.urls.join()} urls={endpoints.urls} onUrls={(urls) => choose([...urls])} />
          <Box component="details">
            <summary>What you know about contract and log</summary>
            <Box mt="sm">
              <PinsForm key={JSON.stringify(known)} known={known} inUse={pins} onKnown={onKnown} onPolicy={onPolicy} />
            </Box>
          </Box>
        </Stack>
      </Surface>
    </Stack>
  );
}

/** Where anybody can verify the same by its fingerprint; null for what has none. */
function verifyUrlOf(checked: FileVerification | null): string | null {
  return checked?.receiptId ? `${location.origin}/verify/${toHex(checked.receiptId)}` : null;
}
