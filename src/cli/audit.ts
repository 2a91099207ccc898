import { MasterKeyError } from "../audit/audit.ts";
import { BundleRefusedError } from "../bundle/refused.ts";
import { StorageRefusedError } from "../storage/refused.ts";
import { USAGE } from "./audit/arguments.ts";
import { auditCommand } from "./audit/command.ts";
import { UsageError } from "./verify/arguments.ts";
import { SourceError } from "./verify/source.ts";

/** `npm run audit`: the same as `tallyroot audit`. */

/** What the person at the terminal can mend: exit code 2. */
const REFUSALS = [UsageError, SourceError, StorageRefusedError, BundleRefusedError, MasterKeyError];

// Ended like this the copy is removed, which a signal by itself would leave behind. 128 + the signal's number, as shells have it.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

try {
  process.exitCode = await auditCommand(process.argv.slice(2));
} catch (error) {
  const refusal = REFUSALS.find((kind) => error instanceof kind);
  // A system call that failed says in its message what failed, and on which file.
  if (!refusal && !(error instanceof Error && "syscall" in error)) throw error;
  const { message } = error as Error;
  const code = error instanceof BundleRefusedError ? `${error.code}: ` : "";
  process.stderr.write(`tallyroot audit: ${code}${message}\n${refusal === UsageError ? `${USAGE}\n` : ""}`);
  process.exitCode = 2;
}
