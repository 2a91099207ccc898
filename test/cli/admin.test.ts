import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { send } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { runCommand, runHere } from "./command.ts";

describe("the admin commands", () => {
  const dir = temporaryDirectory();
  const here = ["--data-dir", dir];
  let server: Server;

  before(async () => {
    server = await startServer(dir);
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const works = async (key: string) => (await send(server.url, { path: "/api/v1/balance/customers", key })).status;

  it("make a key, list it, rotate it and revoke it", async () => {
    const words = ["--scope", "read", "--label", "a counterparty", "--customer", "c"];
    const created = await runCommand("keys", "create", ...words, ...here);
    expect(created.errors).to.equal("");
    const [key] = created.output.split("\n");
    expect(await works(key!)).to.equal(200);
    const publicId = key!.slice("pk_test_".length).split(".")[0]!;

    const listed = await runHere(["keys", "list", ...here]);
    expect(listed.output).to.match(new RegExp(`${publicId} +read +0x[0-9a-fA-F]{40} +valid .* a counterparty\n`));
    expect(listed.output).to.include("3 of 3").and.not.include(key!.split(".")[1]);

    const rotated = await runHere(["keys", "rotate", publicId, "--overlap", "0", "--json", ...here]);
    const next = JSON.parse(rotated.output);
    expect([await works(key!), await works(next.apiKey)]).to.deep.equal([401, 200]);

    const revoked = await runHere(["keys", "revoke", next.publicId, ...here]);
    expect(revoked.output).to.match(/^Revoked .* at 20/);
    expect(await works(next.apiKey)).to.equal(401);
  });

  it("make a tenant and list it, over a URL and key of the caller's", async () => {
    const key = join(dir, "copied-key");
    writeFileSync(key, `${apiKeyOf(dir)}\n`);
    const over = ["--url", `${server.url}/`, "--key-file", key];
    const created = await runCommand("tenants", "create", "acme", ...over);
    expect(await works(created.output.split("\n")[0]!)).to.equal(200);
    const environment = { TALLYROOT_URL: `${server.url}/api/v1`, TALLYROOT_API_KEY: apiKeyOf(dir) };
    const listed = await runHere(["tenants", "list"], environment);
    expect(listed.output).to.match(/default +0x.*\nacme +0x.*\n2 of 2/);
  });

  it("say what the server refuses, and end with 1", async () => {
    const { code, errors, output } = await runHere(["tenants", "create", "default", ...here]);
    expect({ code, output }).to.deep.equal({ code: 1, output: "" });
    expect(errors).to.match(/^tallyroot tenants create: VALIDATION_ERROR: name: there is a tenant default already\n$/);
    const stranger = { TALLYROOT_API_KEY: "pk_test_1" };
    const wrong = await runHere(["keys", "list", "--url", server.url], stranger);
    expect([wrong.code, wrong.errors.split(":")[1]]).to.deep.equal([1, " INVALID_API_KEY"]);
    expect(wrong.errors).not.to.include("pk_test_1");
  });
});
