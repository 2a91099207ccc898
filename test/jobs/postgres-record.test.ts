import { expect } from "chai";
import { openPostgresRecord } from "#src/jobs/postgres-record.ts";
import { migrate } from "#src/storage/postgres/migrate.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";

const postgres = postgresOfThisFile();

describe("the record of the one node that anchors", () => {
  let database: TestDatabase;
  before(async () => {
    database = await postgres.database();
    await migrate(database.url);
  });
  after(() => database.drop());

  it("tells whether another has anchored since it began, which ends its lead and is no failure", async () => {
    const record = openPostgresRecord(
      { url: database.url, node: "a" },
      { standby: () => undefined, waiting: () => undefined },
    );
    const client = await database.client();
    const stop = new AbortController();
    const seen: string[] = [];
    await record.anchoring(async ({ expectAlone }) => {
      seen.push("leads");
      await expectAlone();
      seen.push("alone");
      if (seen.length > 2) return stop.abort();
      // Another took it over and let go of it again, while this one stood still.
      await client.query("UPDATE leases SET token = token + 1, expires_at = '-infinity' WHERE name = 'anchoring'");
      await expectAlone();
      seen.push("never");
    }, stop.signal);
    await record.close();
    expect(seen).to.deep.equal(["leads", "alone", "leads", "alone"]);
  });
});
