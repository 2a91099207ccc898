import { command } from "../command.ts";
import { EXIT, UsageError } from "../ending.ts";
import { printJson } from "../terminal.ts";

/** Moves the record of a data directory into a PostgreSQL database, where it goes on. Stopped at any point, it goes on when it is run again. */

export const migrate = command({
  command: "migrate",
  describe: "Move a data directory's record into a PostgreSQL database, and check it there",
  options: {
    to: { describe: "The database, empty: postgresql://host:5432/database; else TALLYROOT_DATABASE_URL" },
    "data-dir": { describe: "The data directory, whose server is stopped", default: "./data" },
    rpc: { array: true, describe: "An endpoint of the chain to compare with; else the directory's embedded chain" },
    "master-key-file": { describe: "Opens contents for the check; else <data-dir>/master-key" },
    abandon: {
      type: "boolean",
      describe: "Give up a move that has not come to its end: the record stays in the directory",
      default: false,
    },
    json: { type: "boolean", describe: "Print a report as JSON", default: false },
  },
  examples: [
    ["migrate --to postgresql://db.example:5432/tallyroot", "stopped, it goes on when it is run again"],
    ["migrate --to postgresql://db.example:5432/tallyroot --abandon", "stay with SQLite after all"],
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
  },
  async run(values, terminal) {
    const { "data-dir": dataDir, rpc = [], "master-key-file": masterKeyFile, abandon, json } = values;
    const { isEndpointUrl } = await import("../../witness/endpoint.ts");
    const url = values.to ?? terminal.env.TALLYROOT_DATABASE_URL;
    if (!url) throw new UsageError("say with --to which database, or set TALLYROOT_DATABASE_URL");
    const wrong = rpc.find((one) => !isEndpointUrl(one));
    if (wrong !== undefined) throw new UsageError(`--rpc takes an http or https URL, and ${wrong} is none`);
    const { abandonMigration, migrateRecord } = await import("../migrate/migrate.ts");
    if (abandon) {
      await abandonMigration({ dataDir, url });
      if (json) printJson(terminal, { dataDir, abandoned: true });
      else terminal.out(`${dataDir}: the record stays here; what was moved is out of the database again\n`);
      return EXIT.DONE;
    }
    const { to, rows, before, report } = await migrateRecord({ dataDir, url, rpc, masterKeyFile }, terminal);
    const { exitCodeOf, reportText } = await import("../audit/report.ts");
    const exitCode = report ? exitCodeOf(report) : EXIT.DONE;
    if (json)
      printJson(terminal, { dataDir, to, rows, before, moved: exitCode !== EXIT.NOT_WELL, audit: report, exitCode });
    else if (!report) terminal.out(`${dataDir}: the record is in ${to} since an earlier run\n`);
    else terminal.out(reportText(report, to));
    if (exitCode === EXIT.NOT_WELL)
      terminal.err(
        `tallyroot migrate: no server starts on it like this. Mend the record in ${dataDir} and begin anew after --abandon, or go on there with SQLite\n`,
      );
    else if (!json)
      terminal.out(
        `${rows} rows are in ${to}. Start with TALLYROOT_DATABASE_URL over the same data directory: its keys and its embedded chain stay in use, its tallyroot.db does not\n`,
      );
    return exitCode;
  },
});
