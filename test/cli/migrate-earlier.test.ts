import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { type Members, send } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, startServer, temporaryDirectory } from "#test/http/server.ts";
import { postgresOfThisFile } from "#test/ports/postgres-server.ts";
import { runHere, startCommand } from "./command.ts";
import { sqliteStoreIn } from "./migrate-ground.ts";

const postgres = postgresOfThisFile();

describe("a record that an earlier version left, before rows had digests", () => {
  const place = temporaryDirectory();
  const dir = join(place, "data");
  const from = join(import.meta.dirname, "../golden/databases/2");
  after(() => removeDirectory(place));

  it("is moved once this version has run on it, with a digest for each row, and its receipts are the same", async () => {
    mkdirSync(dir, { mode: 0o700 });
    for (const name of ["tallyroot.db", "chain.journal"])
      writeFileSync(join(dir, name), gunzipSync(readFileSync(join(from, `${name}.gz`))), { mode: 0o600 });
    for (const name of ["master-key", "publisher-key", "api-key"]) copyFileSync(join(from, name), join(dir, name));
    const database = await postgres.database();
    const words = ["migrate", "--data-dir", dir, "--to", database.url];

    const early = await runHere(words);
    expect(early.code).to.equal(10);
    expect(early.errors).to.contain("no server of this version has run on");
    await sqliteStoreIn(dir).close();
    // In a process of its own: it starts a chain, with the key from where a server's settings say that it is.
    const keptElsewhere = join(place, "kept-elsewhere");
    renameSync(join(dir, "publisher-key"), keptElsewhere);
    const settings = { TALLYROOT_PUBLISHER_KEY_COMMAND: `cat ${keptElsewhere}` };
    const { code, output, errors } = await startCommand([...words, "--json"], settings).ended;
    renameSync(keptElsewhere, join(dir, "publisher-key"));
    expect(code, output + errors).to.equal(0);
    const { audit } = JSON.parse(output) as Members;
    expect(audit.checked.withoutDigest).to.equal(0);
    expect(audit.chain).to.include({ outcome: "asked" });

    const server = await startServer(dir, { TALLYROOT_DATABASE_URL: database.url });
    const { posts, checkpoints, secondKey } = JSON.parse(readFileSync(join(from, "expected.json"), "utf8")) as Members;
    expect(posts).to.have.length.of.at.least(9);
    for (const { tenant, receipt } of [...posts, ...checkpoints] as Members[]) {
      const key = tenant === "acme" ? secondKey : apiKeyOf(dir);
      const path = `/api/v1${receipt.content === undefined ? "" : "/balance"}/receipt${receipt.content === undefined ? "" : "s"}/${receipt.receiptId}`;
      const { text } = await send(server.url, { path, key });
      const answer = JSON.parse(text) as Members;
      expect(JSON.stringify(answer.data ?? answer)).to.equal(JSON.stringify(receipt));
    }
    await server.stop();
    await database.drop();
  });
});
