import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../ending.ts";

/** What to do instead, where the record is in a database. */
const INSTEAD = {
  backup:
    "back the database up with PostgreSQL's own tools (pg_basebackup with WAL archiving, or pg_dump), and the keys apart",
  restore: "restore the database with the tools that its backup was made with",
  export: "export it from there with --from",
  import:
    "make a data directory of the bundle without that setting, and move it into an empty database with tallyroot migrate",
} as const;

/**
 * Where the record is in a database, the directory has none of it, or what it was before it moved: a copy would be taken for one of the
 * record, and one that was put back would not be what a server with these settings starts on.
 *
 * @param dataDir where the record is to be; undefined for a directory that is to be made.
 * @throws UsageError
 */
export async function expectDirectory(
  command: keyof typeof INSTEAD,
  environment: Record<string, string | undefined>,
  dataDir?: string,
): Promise<void> {
  if (environment.TALLYROOT_DATABASE_URL)
    throw new UsageError(
      `TALLYROOT_DATABASE_URL is set, so the record is in that database and not in a data directory: ${INSTEAD[command]}; or unset it for this command`,
    );
  if (dataDir === undefined || !existsSync(join(dataDir, "tallyroot.db"))) return;
  const [{ moveNoted, returnNoted }, { factsIn }] = await Promise.all([
    import("../../storage/sqlite/moved-away.ts"),
    import("../../storage/sqlite/snapshot.ts"),
  ]);
  const facts = factsIn(join(dataDir, "tallyroot.db"));
  const coming = returnNoted(facts);
  if (coming?.state === "returning")
    throw new UsageError(
      `the record in ${coming.from} is being moved into ${dataDir}, and is not all there: run tallyroot migrate --from again until it says that it is`,
    );
  const move = moveNoted(facts);
  if (move?.state !== "moved") return;
  throw new UsageError(`the record in ${dataDir} was moved to ${move.to}, and goes on there: ${INSTEAD[command]}`);
}
