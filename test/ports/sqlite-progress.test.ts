import { openRecordFile, temporaryFolder } from "#test/storage/record-folder.ts";
import { progressStoreSuite } from "./progress-store.suite.ts";

progressStoreSuite("SQLite", async () => {
  const { dir, remove } = temporaryFolder();
  const opened = await openRecordFile(dir);
  return {
    ...opened,
    async close() {
      await opened.close();
      remove();
    },
  };
});
