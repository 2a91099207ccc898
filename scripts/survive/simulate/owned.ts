import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";
import type { Random } from "../random.ts";

/**
 * What a process has from its operating system and a simulated one from its run: waiting, time that passes, random bytes, the network.
 * The product's own code stays as it is; what it imports from Node is replaced under it, in this process only.
 */

export type Owner = {
  /** The wall clock, in Unix milliseconds: it may be set. */
  clock(): number;
  /** Waiting: simulated time passes, and nothing else does. */
  sleep(milliseconds: number): Promise<void>;
  /** Where keys and ids come from. */
  random: Random;
  /** The text that comes back for the body of a request; rejects as `fetch` does where nobody answers. */
  post(body: string): Promise<string>;
};

/** Longer random bytes are pools of nonces, which outlive a run and of which nothing depends. */
const LONGEST_OWNED = 32;
/** Milliseconds that pass with each look at the clock that measures work: long work pauses, at the same places each time. */
const LOOK_MS = 0.1;

const real = {
  randomBytes: crypto.randomBytes,
  setTimeout: timers.setTimeout,
  fetch: globalThis.fetch,
  now: Date.now,
};
let owner: Owner | undefined;
/** Milliseconds since the run began, by the clock that is never set. */
let elapsed = 0;

/** Whose the process is from now on. */
export function own(next: Owner | undefined): void {
  owner = next;
  elapsed = 0;
}

function randomBytes(size: number): Buffer {
  if (!owner || size > LONGEST_OWNED) return real.randomBytes(size);
  const { random } = owner;
  return Buffer.from(Array.from({ length: size }, () => random.between(0, 256)));
}

async function sleep<T>(milliseconds = 0, value?: T, options: { signal?: AbortSignal } = {}): Promise<T | undefined> {
  if (!owner) return real.setTimeout(milliseconds, value, options);
  options.signal?.throwIfAborted();
  elapsed += milliseconds;
  await owner.sleep(milliseconds);
  options.signal?.throwIfAborted();
  return value;
}

async function fetchOwned(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  if (!owner || typeof init?.body !== "string") return real.fetch(input, init);
  return new Response(await owner.post(init.body));
}

Object.assign(crypto, { randomBytes });
Object.assign(timers, { setTimeout: sleep });
syncBuiltinESMExports();
globalThis.fetch = fetchOwned;
Date.now = () => owner?.clock() ?? real.now();
performance.now = () => {
  elapsed += LOOK_MS;
  return elapsed;
};
