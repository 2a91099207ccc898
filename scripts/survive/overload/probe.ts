import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../server.ts";

const EVERY_MS = 50;
/** Rounds of deltas between two looks at the operator's routes. */
const OPERATORS_EVERY = 4;
const OPERATORS = ["/healthz", "/readyz", "/metrics"];
/** Milliseconds after which a probe counts as unanswered. */
const PATIENCE_MS = 20_000;

export type Probed = { readonly at: number; readonly milliseconds: number; readonly status: number };

/** Somebody who asks for little, all the while, and notes how long it takes. */
export type Probes = {
  readonly deltas: readonly Probed[];
  readonly operators: readonly (Probed & { readonly path: string })[];
  stop(): Promise<void>;
};

export function startProbes({ url, apiKey }: Pick<Server, "url" | "apiKey">): Probes {
  const deltas: Probed[] = [];
  const operators: (Probed & { path: string })[] = [];
  let isOver = false;
  async function timed(path: string, init: RequestInit = {}): Promise<Probed> {
    const at = performance.now();
    const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
    await response.arrayBuffer();
    return { at, milliseconds: performance.now() - at, status: response.status };
  }
  const body = JSON.stringify({ customerId: "probe", delta: 1, reason: "probe" });
  const headers = { "X-Api-Key": apiKey, "Content-Type": "application/json" };
  async function askForDeltas(): Promise<void> {
    while (!isOver) {
      deltas.push(await timed("/api/v1/balance/delta", { method: "POST", headers, body }));
      await sleep(EVERY_MS);
    }
  }
  async function askAsOperator(): Promise<void> {
    for (let round = 0; !isOver; round++) {
      const path = OPERATORS[round % OPERATORS.length]!;
      operators.push({ path, ...(await timed(path)) });
      await sleep(EVERY_MS * OPERATORS_EVERY);
    }
  }
  const done = Promise.all([askForDeltas(), askAsOperator()]);
  return {
    deltas,
    operators,
    async stop() {
      isOver = true;
      await done;
    },
  };
}

export function slowestOf(probed: readonly Probed[]): number {
  return probed.reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0);
}

export function medianOf(probed: readonly Probed[]): number {
  const sorted = probed.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
