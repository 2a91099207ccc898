import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "../processes.ts";
import { openBook } from "./book.ts";
import type { Drill, Fault, Settings } from "./drill.ts";
import { seeded } from "./random.ts";
import { startServer } from "./server.ts";
import { copyOf, type Endured, endure, nameOf, type Prepared, prepare } from "./syscalls/endure.ts";
import { CALLS, type Count, everyPoint, type Point, type Scene, somePoints, THREADS } from "./syscalls/points.ts";
import { round } from "./syscalls/round.ts";
import { attach, countCalls, FAULTS, threadsOf, under } from "./syscalls/strace.ts";

/** Faults that are brought about in the small size, and servers side by side. */
const SOME = 18;
const LANES = 2;
/** After so many it is said how far it is. */
const SAY_EVERY = 50;
/** Milliseconds that a start after a fault may take at most, on a machine that does nothing else. */
const RESTART_MS = 5_000;

const NAMES = {
  EIO: "A call to the disk fails (EIO)",
  ENOSPC: "A call to the disk finds no room (ENOSPC)",
  SIGKILL: "SIGKILL at a call to the disk",
} as const;

type Done = Endured & { point: Point };

/** Lets calls fail, or kills the server at them: each fsync, write, cut, removal and renaming of starts and of a whole round. */
export const syscalls: Drill = {
  name: "syscalls",
  about: "every single call to the disk fails, or is the last one",
  async run(settings) {
    const { dir, signal, full, seed, say } = settings;
    await runToEnd({ command: "strace", args: ["-V"], signal });
    await warmUp(join(dir, "warming"), signal);
    const random = seeded(seed);
    const prepared = await prepare(join(dir, "prepared"), random, signal);
    const every = everyPoint(await countAll(settings, prepared));
    const points = full ? every : somePoints(every, SOME, random);
    say(`syscalls: ${points.length} faults of ${every.length}`);
    const done: Done[] = [];
    let next = 0;
    const lane = async () => {
      while (next < points.length) {
        signal.throwIfAborted();
        const number = next++;
        const point = points[number]!;
        const ground = { dir: join(dir, `data-${number}`), prepared, random: seeded(seed + number), signal };
        done.push({ ...(await endure(point, ground)), point });
        if (done.length % SAY_EVERY === 0) say(`syscalls: ${done.length} of ${points.length}`);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return FAULTS.map((fault) => faultOf(fault, done, full));
  },
};

function faultOf(fault: (typeof FAULTS)[number], done: readonly Done[], full: boolean): Fault {
  const these = done.filter(({ point, reached }) => point.fault === fault && reached);
  const slowest = these.reduce((ms, { restartMs }) => Math.max(ms, restartMs), 0);
  const count = (what: (one: Done) => boolean) => these.filter(what).length;
  const slow = full ? these.filter(({ restartMs }) => restartMs > RESTART_MS) : [];
  return {
    name: NAMES[fault],
    tries: these.length,
    figures: {
      ...Object.fromEntries(CALLS.map((call) => [call, count(({ point }) => point.call === call)])),
      "went on": count(({ lived, waited }) => lived && !waited),
      "anchoring waited for a restart": count(({ waited }) => waited),
      ended: count(({ lived }) => !lived),
      "answers 503": these.reduce((sum, { refused }) => sum + refused, 0),
      "slowest restart, ms": Math.round(slowest),
    },
    failures: [
      ...done.filter(({ point }) => point.fault === fault).flatMap(({ failures }) => failures),
      ...slow.map(({ point, restartMs }) => `${nameOf(point)}: the restart took ${Math.round(restartMs)} ms`),
    ],
  };
}

/** Lets Node write its cache of compiled code, which it does at an end in order: a thousand calls that no later start makes. */
async function warmUp(dir: string, signal: AbortSignal): Promise<void> {
  mkdirSync(dir);
  const server = await startServer({ dir, signal });
  const { came } = await round(server, openBook(1), seeded(0));
  if (came !== "done") throw new Error(`the server cannot be warmed up: ${came}`);
  await server.stop();
}

/** How often each scene makes each call, found out by watching it once. */
async function countAll(settings: Settings, prepared: Prepared): Promise<Count[]> {
  const { dir, signal, seed } = settings;
  const output = (name: string) => join(dir, `${name}.strace`);
  const starting = async (scene: Scene, data: string): Promise<Count> => {
    const file = output("start");
    const server = await startServer({ dir: data, signal, under: under(file, CALLS) });
    await server.kill();
    await server.ended;
    const most = new Map<string, number>();
    for (const calls of countCalls(file).values())
      for (const [call, times] of calls) most.set(call, Math.max(times, most.get(call) ?? 0));
    return { scene, calls: most };
  };
  const [first, again, running] = ["first", "again", "running"].map((name) => join(dir, `counted-${name}`)) as [
    string,
    string,
    string,
  ];
  mkdirSync(first);
  for (const copy of [again, running]) cpSync(prepared.dir, copy, { recursive: true });
  const counts = [await starting("first start", first), await starting("start", again)];
  const server = await startServer({ dir: running, signal });
  const threads = threadsOf(server.pid);
  await attach({ pid: server.pid, output: output("running"), signal }, CALLS, "all");
  const { came } = await round(server, copyOf(prepared.book), seeded(seed));
  if (came !== "done") throw new Error(`the calls of a round could not be counted: ${came}`);
  await server.stop();
  const byThread = countCalls(output("running"));
  return [...counts, ...THREADS.map((scene) => ({ scene, calls: byThread.get(threads.get(scene)!) ?? new Map() }))];
}
