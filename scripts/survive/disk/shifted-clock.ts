import { readFileSync } from "node:fs";

/**
 * Loaded before a program (`NODE_OPTIONS=--import=…`), in each of its threads: `Date.now` is the system's clock and as many milliseconds as
 * the file that CLOCK_SHIFT_FILE names says.
 */
const system = Date.now;
const file = process.env.CLOCK_SHIFT_FILE;
if (file) Date.now = () => system() + Number(readFileSync(file, "utf8"));
