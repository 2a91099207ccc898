import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fault, Settings } from "../drill.ts";
import { auditFailures, examine } from "../examine.ts";
import { type Random, seeded } from "../random.ts";
import { startServer } from "../server.ts";
import {
  allVerified,
  copyDirectory,
  type Directory,
  openDirectory,
  postFor,
  readiness,
  tryStart,
} from "./directory.ts";

/** Tries for each kind of damage. */
const TRIES = { full: 60, part: 2 };
/** Milliseconds of posting before what is anchored, and after it. */
const POST_MS = 300;
/** Milliseconds between two anchors: long enough that the last deltas are in none. */
const INTERVAL_MS = "2000";
const FRAME_BYTES = 4_096 + 24;
const HEADER_BYTES = 32;
/** Blocks at the end of the chain's journal that damage may hit: without the first ones there is no contract. */
const LAST_BLOCKS = 4;
/** The files, what of them counts, and the first byte that may be hit. */
const FILES = [
  { file: "tallyroot.db-wal", part: committed, from: () => HEADER_BYTES },
  { file: "chain.journal", part: (bytes: Buffer) => bytes, from: lastBlocks },
];

/** What a disk may do to a file: lose its end, blank it, or change a bit of it. */
const DAMAGES: Record<string, (bytes: Buffer, at: number, random: Random) => Buffer> = {
  "is cut short": (bytes, at) => bytes.subarray(0, at),
  "ends in zeros": (bytes, at) => Buffer.from(bytes).fill(0, at),
  "has a bit flipped": (bytes, at, random) => {
    const changed = Buffer.from(bytes);
    changed[at] = changed[at]! ^ (1 << random.between(0, 8));
    return changed;
  },
};

/** What came of damage: `lost` counts deltas that were acknowledged, and had never been anchored. */
type Outcome = { kind: "refused" | "whole" | "waits" | "short"; lost: number; failures: string[] };

/** Damages what a killed server left, in a copy each, and sees whether the damage is healed, harmless or told. */
export async function damagedFiles(settings: Settings): Promise<Fault[]> {
  const { dir, signal, seed, full, say } = settings;
  const random = seeded(seed);
  const ground = openDirectory({
    dir: join(dir, "ground"),
    signal,
    settings: { TALLYROOT_ANCHOR_INTERVAL_MS: INTERVAL_MS },
  });
  const server = await startServer(ground.options);
  await postFor(server, ground.book, random, POST_MS);
  const failures = await allVerified(server, ground.book);
  const anchored = new Set(ground.book.acknowledged.keys());
  await postFor(server, ground.book, random, POST_MS);
  await server.kill();
  const faults: Fault[] = [];
  for (const { file, part, from } of FILES) {
    for (const [what, damage] of Object.entries(DAMAGES)) {
      const outcomes: Outcome[] = [];
      for (let time = 0; time < (full ? TRIES.full : TRIES.part); time++) {
        signal.throwIfAborted();
        const name = `${file}-${what.replaceAll(" ", "-")}-${time}`;
        const copy = copyDirectory(ground, join(dir, name));
        const target = join(copy.options.dir, file);
        const bytes = part(readFileSync(target));
        writeFileSync(target, damage(bytes, random.between(from(bytes), bytes.length), random));
        const outcome = await look(copy, anchored);
        outcomes.push({ ...outcome, failures: outcome.failures.map((text) => `${name}: ${text}`) });
        if (outcome.failures.length === 0) rmSync(copy.options.dir, { recursive: true });
      }
      faults.push(faultOf(`${file} ${what}`, outcomes, failures.splice(0)));
      say(`disk: ${file} ${what}`);
    }
  }
  return faults;
}

/** The part of the WAL that says something: behind its last commit is room. */
function committed(bytes: Buffer): Buffer {
  let end = HEADER_BYTES;
  for (let at = HEADER_BYTES; at + FRAME_BYTES <= bytes.length; at += FRAME_BYTES) {
    // A frame of this WAL repeats the salts of its header; the last one of a commit has the size of the database.
    if (bytes.compare(bytes, 16, 24, at + 8, at + 16) !== 0) break;
    if (bytes.readUInt32BE(at + 4) !== 0) end = at + FRAME_BYTES;
  }
  return bytes.subarray(0, end);
}

/** Where the last blocks of a chain's journal begin. */
function lastBlocks(bytes: Buffer): number {
  let at = bytes.length - 1;
  for (let blocks = 0; blocks < LAST_BLOCKS && at > 0; blocks++) at = bytes.lastIndexOf("\n", at - 1);
  return at + 1;
}

async function look({ options, book }: Directory, anchored: ReadonlySet<string>): Promise<Outcome> {
  const tried = await tryStart({ ...options, settings: {} });
  if ("refusal" in tried) return { kind: "refused", lost: 0, failures: tried.failures };
  const { server } = tried;
  const { lost, failures } = await examine(server, book);
  const gone = lost === 0 ? [] : await lostOnes(server, book, anchored);
  // Of what is gone, only what no anchor had may be: nothing but its receipts knows of it.
  const found = lost === 0 ? failures : gone;
  const healed = (await allVerified(server, book)).length === 0;
  const waits = !healed && /waiting for the chain|halted/.test(await readiness(server));
  if (!healed && !waits) found.push(`it neither anchors nor says why not: ${await readiness(server)}`);
  if (!waits) found.push(...(await auditFailures(options.dir, server.rpcUrl, options.signal)));
  await server.kill();
  return { kind: lost > 0 ? "short" : waits ? "waits" : "whole", lost, failures: found };
}

async function lostOnes(
  server: Parameters<typeof examine>[0],
  book: Directory["book"],
  anchored: ReadonlySet<string>,
): Promise<string[]> {
  const kept = { ...book, acknowledged: new Map([...book.acknowledged].filter(([key]) => anchored.has(key))) };
  const { lost, failures } = await examine(server, kept);
  return lost === 0 && failures.length === 0 ? [] : failures;
}

function faultOf(name: string, outcomes: readonly Outcome[], failures: readonly string[]): Fault {
  const count = (kind: Outcome["kind"]) => outcomes.filter((outcome) => outcome.kind === kind).length;
  return {
    name: `${name} after a kill`,
    tries: outcomes.length,
    figures: {
      "refused by name": count("refused"),
      "nothing lost": count("whole"),
      "anchoring waits by name": count("waits"),
      "goes on without deltas that no anchor has": count("short"),
      "such deltas": outcomes.reduce((sum, { lost }) => sum + lost, 0),
    },
    failures: [...failures, ...outcomes.flatMap((outcome) => outcome.failures)],
  };
}
