#!/usr/bin/env node
import { runTallyroot } from "./process.ts";

/** The command line: see `tallyroot --help`. */

await runTallyroot(process.argv.slice(2));
