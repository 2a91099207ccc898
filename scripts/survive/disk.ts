import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { jumpingClock } from "./disk/clock.ts";
import { olderCopy, twoServers } from "./disk/copies.ts";
import { damagedFiles } from "./disk/damage.ts";
import { fullDisk } from "./disk/full.ts";
import type { Drill, Fault, Settings } from "./drill.ts";

type Part = (settings: Settings) => Promise<Fault | Fault[]>;

/** Each part in a directory of its own; two of them side by side, which take about as long. */
const LANES: readonly Record<string, Part>[] = [
  { full: fullDisk, copies: twoServers, older: olderCopy, clock: jumpingClock },
  { damage: damagedFiles },
];

/** What disks, backups and clocks do to a data directory. */
export const disk: Drill = {
  name: "disk",
  about: "a full, read-only or damaged disk, copied and older databases, a clock that jumps",
  async run(settings) {
    const lane = async (parts: Record<string, Part>) => {
      const faults: Fault[] = [];
      for (const [name, part] of Object.entries(parts)) {
        settings.signal.throwIfAborted();
        const dir = join(settings.dir, name);
        mkdirSync(dir);
        faults.push(...[await part({ ...settings, dir })].flat());
      }
      return faults;
    };
    return (await Promise.all(LANES.map(lane))).flat();
  },
};
