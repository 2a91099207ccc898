import { chain } from "./chain/chain.ts";
import { disk } from "./disk.ts";
import type { Drill } from "./drill.ts";
import { fuzz } from "./fuzz/fuzz.ts";
import { kills } from "./kills.ts";
import { nodes } from "./nodes/nodes.ts";
import { overload } from "./overload/overload.ts";
import { simulate, simulatePostgres } from "./simulate/simulate.ts";
import { soak } from "./soak/soak.ts";
import { syscalls } from "./syscalls.ts";

/** Every drill, in the order in which they are run. */
export const DRILLS: readonly Drill[] = [
  kills,
  syscalls,
  disk,
  chain,
  nodes,
  fuzz,
  overload,
  soak,
  simulate,
  simulatePostgres,
];
