import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runToEnd } from "../../processes.ts";
import { postUntil } from "../book.ts";
import type { Fault, Settings } from "../drill.ts";
import { seeded } from "../random.ts";
import { startServer } from "../server.ts";
import { allVerified, type Directory, expectRefusal, openDirectory, read, wholeRecord, within } from "./directory.ts";

/** Bytes of the small disk. */
const DISK = "64m";
/** What files may grow to where nothing may be mounted: less than any that a server has. */
const FILE_LIMIT_BYTES = 8_192;
const TIMES = { full: 10, part: 2 };
const CLIENTS = 8;
/** Milliseconds of posting while all is well, and while the disk is full. */
const WELL_MS = 300;
const FULL_MS = 1_500;
const REFUSAL_MS = 20_000;

/** A disk that can be filled up and freed again, and one that is read-only. */
type Disk = {
  readonly dir: string;
  fill(pid: number): Promise<void>;
  free(pid: number): Promise<void>;
  /** Undefined where nothing may be mounted. */
  readonly readOnly?: (on: boolean) => Promise<void>;
  close(): Promise<void>;
};

/** Fills the disk under a running server, and frees it; starts on a full and on a read-only one. */
export async function fullDisk(settings: Settings): Promise<Fault[]> {
  const disk = await openDisk(settings);
  try {
    const directory = openDirectory({ dir: join(disk.dir, "data"), signal: settings.signal });
    const filled = await fillAndFree(settings, disk, directory);
    return [filled, ...(disk.readOnly ? [await readOnlyStart(disk.readOnly, directory)] : [])];
  } finally {
    await disk.close();
  }
}

async function fillAndFree(settings: Settings, disk: Disk, { options, book }: Directory): Promise<Fault> {
  const times = settings.full ? TIMES.full : TIMES.part;
  const random = seeded(settings.seed);
  const failures: string[] = [];
  let healMs = 0;
  const server = await startServer(options);
  const over = new AbortController();
  const clients = Array.from({ length: CLIENTS }, () => postUntil(server, book, random, over.signal));
  for (let time = 1; time <= times; time++) {
    await sleep(WELL_MS);
    await disk.fill(server.pid);
    const before = book.refused;
    if (!(await within(async () => book.refused > before, REFUSAL_MS))) failures.push("a full disk is not told of");
    await sleep(FULL_MS);
    const { status } = await read(server, "/balance/customers/summary");
    if (status !== 200) failures.push(`what is recorded cannot be read while the disk is full: ${status}`);
    const acknowledged = book.acknowledged.size;
    await disk.free(server.pid);
    const freed = performance.now();
    if (!(await within(async () => book.acknowledged.size > acknowledged + CLIENTS)))
      failures.push(`recording does not heal:\n${server.said()}`);
    healMs = Math.max(healMs, performance.now() - freed);
    settings.say(`disk: filled ${time} of ${times} times`);
  }
  over.abort();
  await Promise.all(clients);
  failures.push(...(await allVerified(server, book)), ...(await wholeRecord(server, { options, book })));
  await server.stop();
  return {
    name: disk.readOnly
      ? "The disk fills up while deltas are recorded, and is freed again"
      : "Files may not grow any more (RLIMIT_FSIZE, where nothing may be mounted), and then may again",
    tries: times,
    figures: {
      acknowledged: book.acknowledged.size,
      "answers 503": book.refused,
      "slowest to heal, ms": Math.round(healMs),
    },
    failures,
  };
}

async function readOnlyStart(readOnly: (on: boolean) => Promise<void>, directory: Directory): Promise<Fault> {
  await readOnly(true);
  const failures = await expectRefusal(directory.options, /read-?only|EROFS/i);
  await readOnly(false);
  const server = await startServer(directory.options);
  failures.push(...(await wholeRecord(server, directory)));
  await server.kill();
  return { name: "The data directory is read-only at a start", tries: 1, figures: {}, failures };
}

async function openDisk({ dir, signal }: Settings): Promise<Disk> {
  const place = join(dir, "disk");
  mkdirSync(place);
  const run = (command: string, ...args: string[]) => runToEnd({ command, args, signal }, [0, 1, 32]);
  if (
    (await run("mount", "-t", "tmpfs", "-o", `size=${DISK}`, "tallyroot-drill", place)) !== "" ||
    !(await isMounted(place, run))
  ) {
    const limit = async (pid: number, bytes: string) =>
      void (await run("prlimit", `--fsize=${bytes}`, "--pid", String(pid)));
    return {
      dir: place,
      fill: (pid) => limit(pid, `${FILE_LIMIT_BYTES}:`),
      free: (pid) => limit(pid, "unlimited:"),
      async close() {},
    };
  }
  const filler = join(place, "filler");
  return {
    dir: place,
    async fill() {
      fillUp(filler);
    },
    async free() {
      rmSync(filler);
    },
    readOnly: async (on) => void (await run("mount", "-o", `remount,${on ? "ro" : "rw"}`, place)),
    async close() {
      // Not with the drill's signal: what is mounted has to go when it was interrupted, too.
      await runToEnd({ command: "umount", args: ["--lazy", place], signal: new AbortController().signal });
    },
  };
}

async function isMounted(
  place: string,
  run: (command: string, ...args: string[]) => Promise<string>,
): Promise<boolean> {
  return (await run("findmnt", "--noheadings", "--mountpoint", place)).includes("tmpfs");
}

/** Takes all the room that there is. */
function fillUp(file: string): void {
  const opened = openSync(file, "w");
  try {
    for (const piece of [1 << 20, 1 << 12]) {
      try {
        for (;;) writeSync(opened, Buffer.alloc(piece));
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      }
    }
  } finally {
    closeSync(opened);
  }
}
