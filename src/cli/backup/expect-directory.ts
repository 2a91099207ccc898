import { UsageError } from "../ending.ts";

/**
 * Backups are of data directories. Where the settings say that the record is in a database, the directory has none of it: a copy would be
 * taken for a backup, and a restored one would not be what a server with these settings starts on.
 *
 * @throws UsageError
 */
export function expectDirectory(command: "backup" | "restore", environment: Record<string, string | undefined>): void {
  if (!environment.TALLYROOT_DATABASE_URL) return;
  const instead = {
    backup:
      "back the database up with PostgreSQL's own tools (pg_basebackup with WAL archiving, or pg_dump), and the keys apart",
    restore: "restore the database with the tools that its backup was made with",
  };
  throw new UsageError(
    `TALLYROOT_DATABASE_URL is set, so the record is in that database and not in a data directory: ${instead[command]}; or unset it for this command`,
  );
}
