import { existsSync } from "node:fs";
import { join } from "node:path";
import { command } from "../command.ts";
import { EXIT, UsageError } from "../ending.ts";
import { printJson, type Terminal } from "../terminal.ts";

/**
 * Moves the record of a data directory into a PostgreSQL database, where it goes on, or out of one into a data directory again. Stopped at
 * any point, it goes on when it is run again.
 */

export const migrate = command({
  command: "migrate",
  describe: "Move a record from a data directory into a PostgreSQL database, or back, and check it there",
  options: {
    to: { describe: "The database, empty: postgresql://host:5432/database; else TALLYROOT_DATABASE_URL" },
    from: {
      describe: "The way back: the database whose record comes into the directory, all of whose servers are stopped",
    },
    "data-dir": { describe: "The data directory, whose server is stopped", default: "./data" },
    rpc: { array: true, describe: "An endpoint of the chain to compare with; else the directory's embedded chain" },
    "master-key-file": { describe: "Opens contents for the check; else <data-dir>/master-key" },
    abandon: {
      type: "boolean",
      describe: "Give up a move that has not come to its end: the record stays where it was",
      default: false,
    },
    json: { type: "boolean", describe: "Print a report as JSON", default: false },
  },
  examples: [
    ["migrate --to postgresql://db.example:5432/tallyroot", "stopped, it goes on when it is run again"],
    ["migrate --to postgresql://db.example:5432/tallyroot --abandon", "stay with SQLite after all"],
    ["migrate --from postgresql://db.example:5432/tallyroot", "back into ./data; the database is not used any more"],
  ],
  exits: {
    0: "all is there and clean",
    [EXIT.UNANSWERED]: "the database or the chain did not answer",
    4: "all is there and clean, the chain was not asked",
    [EXIT.NOT_WELL]: "refused; or something is wrong with what was moved, and no server starts on it",
  },
  endings: {
    StorageRefusedError: EXIT.NOT_WELL,
    FileDamagedError: EXIT.NOT_WELL,
    TallyrootError: EXIT.UNANSWERED,
    ChainStartError: EXIT.UNANSWERED,
    PublisherKeyError: EXIT.MISUSED,
  },
  async run(values, terminal) {
    const { "data-dir": dataDir, rpc = [], "master-key-file": masterKeyFile, abandon, json, from } = values;
    const { isEndpointUrl } = await import("../../witness/endpoint.ts");
    if (from !== undefined && values.to !== undefined) throw new UsageError("--to and --from are two ways: give one");
    const url = from ?? values.to ?? terminal.env.TALLYROOT_DATABASE_URL;
    if (!url)
      throw new UsageError(
        "say with --to which database, or set TALLYROOT_DATABASE_URL; or with --from for the way back",
      );
    const wrong = rpc.find((one) => !isEndpointUrl(one));
    if (wrong !== undefined) throw new UsageError(`--rpc takes an http or https URL, and ${wrong} is none`);
    const { abandonMigration, abandonWayBack, migrateBack, migrateRecord } = await import("../migrate/migrate.ts");
    const told = from === undefined ? INTO_DATABASE : INTO_DIRECTORY;
    if (abandon) {
      await (from === undefined ? abandonMigration : abandonWayBack)({ dataDir, url });
      if (json) printJson(terminal, { dataDir, abandoned: true });
      else terminal.out(`${dataDir}: ${told.abandoned}\n`);
      return EXIT.DONE;
    }
    const work = from === undefined ? migrateRecord : migrateBack;
    const { database, rows, before, report } = await work({ dataDir, url, rpc, masterKeyFile }, terminal);
    const { exitCodeOf, reportText } = await import("../audit/report.ts");
    const exitCode = report ? exitCodeOf(report) : EXIT.DONE;
    const moved = exitCode !== EXIT.NOT_WELL;
    if (json)
      printJson(terminal, {
        dataDir,
        ...(from === undefined ? { to: database } : { from: database }),
        ...{ rows, before, moved, audit: report, exitCode },
      });
    else if (!report) terminal.out(`${told.earlier(dataDir, database)}\n`);
    else terminal.out(reportText(report, from === undefined ? database : dataDir));
    if (!moved) terminal.err(`tallyroot migrate: no server starts on it like this. ${told.wrong(dataDir)}\n`);
    else if (!json) terminal.out(`${told.next(rows, dataDir, database)}\n`);
    if (moved && from !== undefined) tellMissingKeys(dataDir, terminal);
    return exitCode;
  },
});

/** What is said of each way. */
const INTO_DATABASE = {
  abandoned: "the record stays here; what was moved is out of the database again",
  earlier: (dir: string, database: string) => `${dir}: the record is in ${database} since an earlier run`,
  wrong: (dir: string) => `Mend the record in ${dir} and begin anew after --abandon, or go on there with SQLite`,
  next: (rows: number, _: string, database: string) =>
    `${rows} rows are in ${database}. Start with TALLYROOT_DATABASE_URL over the same data directory: its keys and its embedded chain stay in use, its tallyroot.db does not`,
} as const;

const INTO_DIRECTORY = {
  abandoned: "the record stays in the database, and what was copied is gone again",
  earlier: (dir: string, database: string) =>
    `${dir}: the record is here since an earlier run, and ${database} is not used any more`,
  wrong: () => "Mend what is wrong and run it again, or go on with the database after --abandon",
  next: (rows: number, dir: string, database: string) =>
    `${rows === 0 ? "All" : rows} rows are in ${dir}. Start over it without TALLYROOT_DATABASE_URL. No server starts over ${database} any more: drop it once you have a backup of the directory`,
} as const;

/** Where a key may come from instead of its file. */
const KEY_SETTINGS = {
  master: ["TALLYROOT_MASTER_KEY"],
  publisher: ["TALLYROOT_PUBLISHER_KEY", "TALLYROOT_PUBLISHER_KEYSTORE", "TALLYROOT_PUBLISHER_KEY_COMMAND"],
} as const;

/** A directory that was new has none, and a server would make others. */
function tellMissingKeys(dataDir: string, { env, err }: Terminal): void {
  for (const [name, settings] of Object.entries(KEY_SETTINGS)) {
    if (existsSync(join(dataDir, `${name}-key`)) || settings.some((setting) => env[setting])) continue;
    err(
      `tallyroot migrate: no ${name} key is in ${dataDir}: put it into the file ${name}-key (mode 0600), or set ${settings[0]}, before a server starts on it\n`,
    );
  }
}
