import { audit } from "./commands/audit.ts";
import { backup } from "./commands/backup.ts";
import { checkpoint } from "./commands/checkpoint.ts";
import { compare } from "./commands/compare.ts";
import { customers } from "./commands/customers.ts";
import { dashboard } from "./commands/dashboard.ts";
import { demo } from "./commands/demo.ts";
import { deploy } from "./commands/deploy.ts";
import { derive } from "./commands/derive.ts";
import { doctor } from "./commands/doctor.ts";
import { emit } from "./commands/emit.ts";
import { exportBundle } from "./commands/export.ts";
import { importAny } from "./commands/import.ts";
import { keys } from "./commands/keys.ts";
import { migrate } from "./commands/migrate.ts";
import { policy } from "./commands/policy.ts";
import { prove } from "./commands/prove.ts";
import { restore } from "./commands/restore.ts";
import { serve } from "./commands/serve.ts";
import { tenants } from "./commands/tenants.ts";
import { verify } from "./commands/verify.ts";
import { webhooks } from "./commands/webhooks.ts";

/** The commands in the order in which `--help` lists them. */
export const COMMANDS = [
  serve,
  dashboard,
  demo,
  emit,
  derive,
  compare,
  checkpoint,
  customers,
  keys,
  tenants,
  importAny,
  exportBundle,
  backup,
  restore,
  migrate,
  verify,
  policy,
  audit,
  prove,
  deploy,
  webhooks,
  doctor,
] as const;
