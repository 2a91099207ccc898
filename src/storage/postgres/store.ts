import { type KeyObject, randomBytes } from "node:crypto";
import type { CheckpointStore } from "../../ledger/ports/checkpoints.ts";
import type { EffectStore } from "../../ledger/ports/effects.ts";
import type { ErasureStore } from "../../ledger/ports/erasure.ts";
import type { LedgerStore } from "../../ledger/ports/ledgers.ts";
import type { ProgressStore } from "../../ledger/ports/progress.ts";
import type { SurveyStore } from "../../ledger/ports/survey.ts";
import type { TenantStore } from "../../ledger/ports/tenants.ts";
import type { WebhookStore } from "../../ledger/ports/webhooks.ts";
import { StorageRefusedError } from "../refused.ts";
import { openCheckpointStore } from "./checkpoints.ts";
import { dropOldMarks } from "./commit-marks.ts";
import { openCountBefore } from "./count-before.ts";
import { openPostgres, type Postgres } from "./database.ts";
import { openEffects } from "./effects.ts";
import { openErasureStore } from "./erasure.ts";
import { openAlone } from "./leading.ts";
import { openLeases } from "./leases.ts";
import { expectMasterKey } from "./master-key.ts";
import { migrate } from "./migrate.ts";
import { openProgressStore } from "./progress.ts";
import { openReader } from "./reader.ts";
import { NOW } from "./record-group.ts";
import { openSurveyStore } from "./survey.ts";
import { openTenantStore } from "./tenants.ts";
import { openWebhookStore } from "./webhooks.ts";
import { openWriter } from "./writer.ts";

export type PostgresStore = LedgerStore &
  EffectStore &
  TenantStore &
  CheckpointStore &
  SurveyStore &
  ErasureStore &
  WebhookStore &
  ProgressStore & {
    facts: PostgresFacts;
    /** Does what only one of several nodes may do at a time: what has to be there once, at the first start. */
    alone<T>(work: () => Promise<T>): Promise<T>;
    /** Ends what is under way. */
    close(): Promise<void>;
  };

/** Named facts about this record, such as which contract its anchors are in; each is set once. */
export type PostgresFacts = {
  get(name: string): Promise<string | undefined>;
  /** @returns the fact as it is: another node may have set it before. */
  set(name: string, value: string): Promise<string>;
  /** What may be noted again: the last counts. Each note is a row of its own, since rows are only added. */
  note(name: string, value: string): Promise<void>;
  noted(name: string): Promise<string | undefined>;
};

/**
 * The record in a PostgreSQL database, which any number of nodes may share.
 *
 * @param master the key that wraps every ledger's key: the same on every node.
 * @param clock Unix milliseconds; the database's own where it is not given, so that all nodes have one.
 * @throws StorageRefusedError when the database was made with another master key, or is not of this version.
 * @throws TallyrootError SERVICE_UNAVAILABLE when the database does not answer.
 */
export async function openPostgresStore(options: {
  url: string;
  master: KeyObject;
  clock?: () => number;
  report: (message: string, error: Error) => void;
  /** Deltas that a tenant may record in a UTC month; null, or not there, for no quota. The same on every node. */
  quota?: number | null;
  /** A name of this node that no other has, and that it has again after a restart; a fresh one where it is not given. */
  node?: string;
}): Promise<PostgresStore> {
  const { url, master, clock, report, quota = null } = options;
  const node = options.node ?? randomBytes(12).toString("hex");
  await migrate(url);
  const db = openPostgres(url, report);
  try {
    await expectDurable(db);
    await expectMasterKey(db, master);
    await db.transaction(dropOldMarks);
  } catch (error) {
    await db.close();
    throw error;
  }
  const { lastHead: _, ...reader } = openReader(db);
  const now = async () => clock?.() ?? (await db.read<{ now: number }>(NOW))[0]!.now;
  const effects = openEffects(db, master);
  const writer = openWriter({ db, master, quota, clock });
  const { close: closeTenants, ...tenants } = openTenantStore(db, { master, effects, clock, report });
  const { close: closeWebhooks, ...webhooks } = openWebhookStore(db, { effects, master, node });
  return {
    ...reader,
    record: writer.record,
    countBefore: openCountBefore(db, now),
    now,
    effectOf: effects.effectOf,
    ...tenants,
    ...openSurveyStore(db),
    ...openProgressStore(db),
    ...openErasureStore(db),
    ...openCheckpointStore(db, { effects }),
    ...webhooks,
    facts: openFacts(db),
    alone: openAlone({ leases: openLeases(db), node: options.node }),
    async close() {
      await writer.close();
      await closeTenants();
      await closeWebhooks();
      await db.close();
    },
  };
}

/**
 * An answer says that a delta is on disk, so a commit has to wait for that.
 *
 * @throws StorageRefusedError where the database is set not to.
 */
async function expectDurable({ read }: Postgres): Promise<void> {
  const [row] = await read<{ setting: string }>("SELECT current_setting('synchronous_commit') AS setting");
  if (row!.setting !== "off") return;
  throw new StorageRefusedError(
    "the database answers before what was committed is on disk: set synchronous_commit to on for it and for its roles",
  );
}

function openFacts({ read, transaction }: Postgres): PostgresFacts {
  const get = async (name: string) =>
    (await read<{ value: string }>("SELECT value FROM facts WHERE name = $1", [name]))[0]?.value;
  return {
    get,
    async set(name, value) {
      await transaction(async (tx) => {
        tx.query("INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", [name, value]);
      });
      return (await get(name))!;
    },
    async note(name, value) {
      await transaction(async (tx) => {
        tx.query(
          "INSERT INTO facts (name, value) SELECT $1 || count(*) + 1, $2 FROM facts WHERE starts_with(name, $1) ON CONFLICT DO NOTHING",
          [`${name}.`, value],
        );
      });
    },
    async noted(name) {
      const [row] = await read<{ value: string }>(
        "SELECT value FROM facts WHERE starts_with(name, $1) ORDER BY length(name) DESC, name DESC LIMIT 1",
        [`${name}.`],
      );
      return row?.value;
    },
  };
}
