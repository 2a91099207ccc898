import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { readConfig, SettingError } from "../src/config.ts";
import { ChainUnavailableError, TallyrootError } from "../src/core/errors.ts";
import { DemoFailure } from "./demo/failure.ts";
import { runDemo, SHOWN } from "./demo/run.ts";
import { grouped, NO_SCREEN, openScreen, type Screen, seconds } from "./demo/screen.ts";
import { findServer, startServer } from "./demo/server.ts";
import { complaints, type Outcome, summaryJson } from "./demo/summary.ts";

/**
 * Replays the transactions of a real bank through a real server, finds where the bank's own balances part from them, and
 * proves one row without the server.
 */

const USAGE = `npm run demo -- [--all] [--json]

  --all    list every account that does not agree, not only the first ${SHOWN}
  --json   print one JSON summary and nothing else

It uses the server that runs over TALLYROOT_DATA_DIR (./data), or starts one for as long as it takes.
`;

/** What a shell expects of a command that was interrupted: 128 + SIGINT. */
const INTERRUPTED = 130;
/** Mistakes that the person at the terminal can mend: shown without a stack. */
const EXPECTED = [DemoFailure, SettingError, TallyrootError, ChainUnavailableError];

/** @returns the exit code: 0 when everything is verified, proven, and tampering noticed. */
async function main(signal: AbortSignal): Promise<number> {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const config = readConfig();
  const dataDir = resolve(config.dataDir);
  const screen = options.json ? NO_SCREEN : openScreen(process.stdout);
  screen.say("1. The server");
  const server = (await findServer(dataDir)) ?? (await startServer(dataDir, signal));
  try {
    const origin = server.startedHere ? "was started for this, and ends with it" : "runs already, and stays";
    screen.say(`   ${server.url} ${origin}; its data is in ${dataDir}`);
    const { confirmations } = config;
    const outcome = await runDemo({ server, dataDir, confirmations, signal, screen, all: options.all ?? false });
    if (options.json) process.stdout.write(`${summaryJson(outcome)}\n`);
    return judge(outcome, screen);
  } finally {
    await server.stop();
  }
}

function readOptions() {
  try {
    return parseArgs({ options: { all: { type: "boolean" }, json: { type: "boolean" }, help: { type: "boolean" } } })
      .values;
  } catch (error) {
    // What parseArgs throws for an option that it does not know.
    if (!(error instanceof TypeError)) throw error;
    throw new DemoFailure(`${error.message}\n\n${USAGE}`);
  }
}

function judge(outcome: Outcome, { say }: Screen): number {
  const wrong = complaints(outcome);
  for (const complaint of wrong) process.stderr.write(`demo: ${complaint}\n`);
  if (wrong.length > 0) return 1;
  const { customers, deltas, anchors, agreed, divergences, milliseconds } = outcome;
  say(`\nAll as it must be, in ${seconds(milliseconds.total)}:`);
  say(
    `   ${grouped(customers)} customers, ${grouped(deltas)} deltas, all VERIFIED, ${grouped(anchors.total)} anchors in the log`,
  );
  say(
    `   ${grouped(agreed)} accounts agree with the bank, ${grouped(divergences.length)} do not, one receipt proven without the API`,
  );
  say("   Run it again: nothing is recorded twice, and the result is the same.");
  return 0;
}

// The first Ctrl-C ends the work and the server in order, the second one at once.
const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (interrupted.signal.aborted) process.exit(INTERRUPTED);
    interrupted.abort(new DemoFailure("interrupted: what was recorded stays, and the next run goes on from there"));
  });
}
main(interrupted.signal).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const told = interrupted.signal.aborted ? interrupted.signal.reason : error;
    const expected = told instanceof Error && EXPECTED.some((kind) => told instanceof kind);
    process.stderr.write(`demo: ${expected ? told.message : told instanceof Error ? told.stack : String(told)}\n`);
    process.exitCode = interrupted.signal.aborted ? INTERRUPTED : 1;
  },
);
