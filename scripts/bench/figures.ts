import type { Figure } from "./figure.ts";
import { anchoring } from "./figures/anchoring.ts";
import { audit } from "./figures/audit.ts";
import { batches } from "./figures/batches.ts";
import { customers } from "./figures/customers.ts";
import { derive } from "./figures/derive.ts";
import { disk } from "./figures/disk.ts";
import { gas } from "./figures/gas.ts";
import { memory } from "./figures/memory.ts";
import { postgresBatch } from "./figures/postgres-batch.ts";
import { postgresNodes } from "./figures/postgres-nodes.ts";
import { postgresSingle } from "./figures/postgres-single.ts";
import { receipts } from "./figures/receipts.ts";
import { root } from "./figures/root.ts";
import { single } from "./figures/single.ts";
import { start } from "./figures/start.ts";
import { stream } from "./figures/stream.ts";

/** Every figure there is, in the order in which they are measured. */
export const FIGURES: readonly Figure[] = [
  single,
  customers,
  batches,
  stream,
  postgresSingle,
  postgresBatch,
  postgresNodes,
  derive,
  receipts,
  root,
  anchoring,
  gas,
  audit,
  memory,
  disk,
  start,
];
