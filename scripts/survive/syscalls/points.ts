import type { Random } from "../random.ts";
import { FAULTS, type Injection } from "./strace.ts";

/** Calls by which something comes onto the disk, changes there, or goes from it. */
export const CALLS = ["fsync", "pwrite64", "ftruncate", "unlink", "rename"] as const;

/**
 * When the fault comes: in the first start over an empty directory, in a start over what a killed server left, or in the one thread that is
 * named, of a server that is up.
 */
export type Scene = "first start" | "start" | Thread;
export const THREADS = ["MainThread", "recording", "checkpoint-job", "embedded-chain"] as const;
type Thread = (typeof THREADS)[number];

export type Point = Injection & { readonly scene: Scene };

/** How often a scene makes each call, in the thread that makes it most often. */
export type Count = { readonly scene: Scene; readonly calls: ReadonlyMap<string, number> };

/** Of calls that come by the thousand, which are those that make room for the WAL and all alike: the first, the last, and some in between. */
const MANY = 100;
const EDGE = 6;
const BETWEEN = 8;

/** Every fault at every call of every scene. */
export function everyPoint(counts: readonly Count[]): Point[] {
  return counts.flatMap(({ scene, calls }) =>
    [...calls].flatMap(([call, times]) =>
      places(times).flatMap((at) =>
        FAULTS.filter((fault) => fault !== "ENOSPC" || call !== "unlink").map((fault) => ({ scene, call, fault, at })),
      ),
    ),
  );
}

function places(times: number): number[] {
  const all = Array.from({ length: times }, (_, i) => i + 1);
  if (times <= MANY) return all;
  const step = (times - 2 * EDGE) / BETWEEN;
  return [
    ...all.slice(0, EDGE),
    ...Array.from({ length: BETWEEN }, (_, i) => Math.floor(EDGE + 1 + i * step)),
    ...all.slice(-EDGE),
  ];
}

/** Some of them: of each kind of fault and scene in turn, the call and its place as it falls. */
export function somePoints(points: readonly Point[], wanted: number, random: Random): Point[] {
  const groups = Map.groupBy(points, ({ scene, fault }) => `${fault} ${scene}`);
  const chosen: Point[] = [];
  while (chosen.length < wanted && groups.size > 0) {
    for (const [name, group] of groups) {
      // The call first, since one of them comes a hundred times as often as the others.
      const call = random.oneOf([...new Set(group.map((point) => point.call))]);
      const point = random.oneOf(group.filter((one) => one.call === call));
      chosen.push(point);
      group.splice(group.indexOf(point), 1);
      if (group.length === 0) groups.delete(name);
      if (chosen.length === wanted) break;
    }
  }
  return chosen;
}
