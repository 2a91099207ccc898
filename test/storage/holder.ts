import { StorageRefusedError } from "#src/storage/refused.ts";
import { lockDirectory } from "#src/storage/sqlite/database.ts";

/** A process of its own that takes a data directory, says how that went, and holds it until it is killed. */
const dir = process.argv[2]!;
try {
  lockDirectory(dir);
  process.stdout.write("held\n");
  // Where it was started with --expose-gc, memory is collected all the time.
  const { gc = () => {} } = globalThis as { gc?: () => void };
  setInterval(gc, 10);
} catch (error) {
  if (!(error instanceof StorageRefusedError)) throw error;
  process.stdout.write(`refused: ${error.message}\n`);
}
