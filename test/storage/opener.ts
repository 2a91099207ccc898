import { openDatabase } from "#src/storage/sqlite/database.ts";

/** A process of its own that opens a database, so brings it to the newest schema, and says so. */
openDatabase(process.argv[2]!).close();
process.stdout.write("opened\n");
