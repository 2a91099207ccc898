import { expect } from "chai";
import type { Client } from "pg";
import { migrate } from "#src/storage/postgres/migrate.ts";
import type { Members } from "#test/http/call.ts";
import { removeDirectory, startServer, temporaryDirectory } from "#test/http/server.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { runHere } from "./command.ts";
import { IN_SQLITE, sqliteStoreIn } from "./migrate-ground.ts";

const postgres = postgresOfThisFile();

describe("the doctor of a server over PostgreSQL", () => {
  const dir = temporaryDirectory();
  let database: TestDatabase;
  let client: Client;
  beforeEach(async () => {
    database = await postgres.database();
    client = await database.client();
  });
  afterEach(() => database.drop());
  after(() => removeDirectory(dir));

  async function found(url: string, more: Record<string, string> = {}): Promise<Members> {
    const env = { TALLYROOT_DATABASE_URL: url, TALLYROOT_DATA_DIR: dir, ...more };
    const { code, output, errors } = await runHere(["doctor", "--json"], env);
    expect(errors).to.equal("");
    expect(output).not.to.contain("password@").and.not.to.contain("hidden");
    const { checks } = JSON.parse(output) as { checks: Members[] };
    return { code, ...Object.fromEntries(checks.map(({ name, outcome, detail }) => [name, `${outcome}: ${detail}`])) };
  }
  const as = (user: string, password: string) => {
    const url = new URL(database.url);
    [url.username, url.password] = [user, password];
    return url.href;
  };

  it("finds an empty one good, makes nothing in it, and finds its record and place after a start", async () => {
    const empty = await found(database.url);
    expect(empty).to.include({ code: 0 });
    expect(empty.database).to.match(/^ok: PostgreSQL 18[^ ]* answers: it has no record yet/);
    const { rows } = await client.query("SELECT to_regnamespace('tallyroot') IS NULL AS none");
    expect(rows[0].none).to.equal(true);
    const own = temporaryDirectory();
    const server = await startServer(own, { TALLYROOT_DATABASE_URL: database.url });
    const beside = await found(database.url, { TALLYROOT_DATA_DIR: own });
    expect(beside, JSON.stringify(beside)).to.include({ code: 0 });
    expect(beside.database).to.match(/^ok: PostgreSQL 18[^ ]* answers: schema \d+, with \d+ anchors$/);
    await server.stop();
    removeDirectory(own);
  });

  it("says what is wrong: nobody there, no such user, no rights, commits that do not wait", async () => {
    expect((await found("postgresql://a:hidden@127.0.0.1:1/none")).database).to.match(/^failed: .*ECONNREFUSED/);
    const stranger = await found(as("nobody", "hidden"));
    expect(stranger).to.include({ code: 10 });
    expect(stranger.database).to.match(/^failed: the database does not let this server in: .*nobody/);
    await client.query("CREATE USER poor PASSWORD 'hidden'");
    expect((await found(as("poor", "hidden"))).database).to.match(
      /^failed: its user poor may not make the schema tallyroot.*nor work as the role tallyroot_server/,
    );
    await client.query("DROP USER poor");
    await migrate(database.url);
    const name = new URL(database.url).pathname.slice(1);
    await client.query(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    expect((await found(database.url)).database).to.match(/^failed: .*synchronous_commit/);
  });

  it("names a newer schema, and a record that is not all there", async () => {
    await migrate(database.url);
    await client.query("INSERT INTO moving_in (id, move, step, rows) VALUES (1, 'm', 'deltas', 7)");
    expect((await found(database.url)).database).to.match(/^failed: .*not all there: run tallyroot migrate/);
    await client.query("INSERT INTO schema_versions (version) VALUES (99)");
    expect((await found(database.url)).database).to.match(/^failed: it has schema 99/);
  });

  it("says where the record of a data directory was moved to", async () => {
    await sqliteStoreIn(dir).close();
    const { code } = await runHere(["migrate", "--data-dir", dir, "--to", database.url]);
    expect(code).to.equal(4);
    const alone = await found("", IN_SQLITE);
    expect(alone).to.include({ code: 10 });
    expect(alone.database).to.match(/^failed: the record was moved to postgresql:.*set TALLYROOT_DATABASE_URL/);
  });
});
