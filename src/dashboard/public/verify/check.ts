import type { AnchorReference } from "../../../core/receipt.ts";
import type { StepFailure } from "../../../core/step-failures.ts";
import { type FileVerification, verifyFile } from "../../../core/verify-file.ts";
import type { Expected, Step } from "../../../core/verify-receipt.ts";
import { TallyrootConnectionError } from "../../../sdk/errors.ts";
import { openVerification } from "../../../sdk/verifying/verify-receipt.ts";
import { type Pins, policyFile, restsOnFile } from "./pins.ts";

/** How far checking has come. `steps` are those that are done. */
export type Progress = {
  file: FileVerification | null;
  steps: readonly Step[];
  /** What the file was held against; null until its anchors are known. */
  pins: Pins | null;
  verdict: Verdict | null;
};

export type Verdict =
  | { kind: "verified"; at: string }
  | { kind: "refused"; at: string; step: number; failure: StepFailure; detail: string }
  /** Steps 1 to 5 hold, and nobody said the last word. */
  | { kind: "as-far"; at: string; why: "no-endpoint" | "no-answer" | "files-word"; detail: string };

export type Check = {
  bytes: Uint8Array;
  expected: Expected;
  /** What the anchors are held against, once the file has told them. */
  pinsFor: (anchor: AnchorReference) => Pins;
  endpoints: readonly string[];
  /** Called after each step. */
  onProgress: (progress: Progress) => void;
  /** Waits between two steps, so that a person can follow; and lets the page draw. */
  pause: () => Promise<void>;
  signal: AbortSignal;
  now: () => string;
};

/**
 * Verifies a file in six steps, here: steps 1 to 5 from the file alone, step 6 by asking the endpoints. Nothing is verified unless step 6
 * passed against a contract and log that somebody else than the file named.
 *
 * @throws PolicyError for a pin of another form; RangeError for too many endpoints; the reason of the signal.
 */
export async function check({ signal, onProgress, pause, now, ...given }: Check): Promise<void> {
  const tell = (progress: Progress) => {
    signal.throwIfAborted();
    onProgress(progress);
  };
  tell({ file: null, steps: [], pins: null, verdict: null });
  await pause();
  const checked = verifyFile(given.bytes, given.expected);
  const [anchor] = checked.anchors;
  const pins = anchor ? given.pinsFor(anchor) : null;
  const far = { file: checked, pins, verdict: null };
  for (let done = 1; done <= checked.steps.length; done++) {
    tell({ ...far, steps: checked.steps.slice(0, done) });
    await pause();
  }
  const failed = checked.steps.find((step) => step.outcome === "failed");
  if (failed?.outcome === "failed")
    return tell({ ...far, steps: checked.steps, verdict: { kind: "refused", at: now(), ...refusalOf(failed) } });
  if (!pins) throw new Error("a file whose five steps passed has an anchor");
  tell({ ...far, ...(await lastStep(checked, pins, given.endpoints, now)) });
}

async function lastStep(
  { steps, anchors }: FileVerification,
  pins: Pins,
  endpoints: readonly string[],
  now: () => string,
): Promise<{ steps: readonly Step[]; verdict: Verdict }> {
  const { witness } = openVerification({ policy: policyFile(pins), rpc: endpoints });
  try {
    const last = await witness(anchors);
    const all = [...steps, last];
    if (last.outcome === "failed") return { steps: all, verdict: { kind: "refused", at: now(), ...refusalOf(last) } };
    if (last.outcome === "skipped") return { steps: all, verdict: asFar("no-endpoint", last.detail, now) };
    if (restsOnFile(pins)) return { steps: all, verdict: asFar("files-word", last.detail, now) };
    return { steps: all, verdict: { kind: "verified", at: now() } };
  } catch (error) {
    if (!(error instanceof TallyrootConnectionError)) throw error;
    const silent: Step = { step: 6, name: "chain", outcome: "skipped", detail: error.message };
    return { steps: [...steps, silent], verdict: asFar("no-answer", error.message, now) };
  }
}

function asFar(why: "no-endpoint" | "no-answer" | "files-word", detail: string, now: () => string): Verdict {
  return { kind: "as-far", at: now(), why, detail };
}

function refusalOf({ step, failure, detail }: Step & { outcome: "failed" }) {
  return { step, failure, detail };
}
