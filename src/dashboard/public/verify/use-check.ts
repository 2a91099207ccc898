import { useReducedMotion } from "@mantine/hooks";
import { useEffect, useState } from "react";
import type { AnchorReference } from "../../../core/receipt.ts";
import type { Expected } from "../../../core/verify-receipt.ts";
import { check, type Progress } from "./check.ts";
import type { Pins } from "./pins.ts";

/** Milliseconds between two steps, for the eye. */
const PAUSE_MS = 140;

const NOTHING_YET: Progress = { file: null, steps: [], pins: null, verdict: null };

export type Task = {
  bytes: Uint8Array;
  expected: Expected;
  pinsFor: (anchor: AnchorReference) => Pins;
  endpoints: readonly string[];
};

/**
 * Verifies what is given, from the first step on whenever it is another.
 *
 * @param task the same object as long as nothing changed; null while there is nothing to verify.
 */
export function useCheck(task: Task | null): Progress {
  const [reached, setReached] = useState<{ task: Task; progress: Progress } | null>(null);
  const [broken, setBroken] = useState<unknown>(null);
  const still = useReducedMotion(undefined, { getInitialValueInEffect: false });
  useEffect(() => {
    if (!task) return;
    const controller = new AbortController();
    const { signal } = controller;
    check({
      ...task,
      onProgress: (progress) => setReached({ task, progress }),
      pause: () => new Promise((resolve) => setTimeout(resolve, still ? 0 : PAUSE_MS)),
      signal,
      now: () => new Date().toISOString(),
    }).catch((error: unknown) => {
      if (!signal.aborted) setBroken(error);
    });
    return () => controller.abort();
  }, [task, still]);
  if (broken !== null) throw broken;
  // The verdict on one thing is never shown beside another, not for a moment.
  return reached !== null && reached.task === task ? reached.progress : NOTHING_YET;
}
