import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { send } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";

type Ended = { code: number; output: string; errors: string };

function run(command: "keys" | "tenants", ...words: string[]): Promise<Ended> {
  const file = fileURLToPath(new URL(`../../src/cli/${command}.ts`, import.meta.url));
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [file, ...words], (_error, output, errors) =>
      resolve({ code: child.exitCode ?? -1, output, errors }),
    );
  });
}

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
    const created = await run(
      "keys",
      "create",
      "--scope",
      "read",
      "--label",
      "a counterparty",
      "--customer",
      "c",
      ...here,
    );
    expect(created.errors).to.equal("");
    const [key] = created.output.split("\n");
    expect(await works(key!)).to.equal(200);
    const publicId = key!.slice("pk_test_".length).split(".")[0]!;

    const listed = await run("keys", "list", ...here);
    expect(listed.output).to.match(new RegExp(`${publicId} +read +0x[0-9a-fA-F]{40} +valid .* a counterparty\n`));
    expect(listed.output).to.include("2 of 2").and.not.include(key!.split(".")[1]);

    const rotated = await run("keys", "rotate", publicId, "--overlap", "0", "--json", ...here);
    const next = JSON.parse(rotated.output);
    expect([await works(key!), await works(next.apiKey)]).to.deep.equal([401, 200]);

    const revoked = await run("keys", "revoke", next.publicId, ...here);
    expect(revoked.output).to.match(/^Revoked .* at 20/);
    expect(await works(next.apiKey)).to.equal(401);
  });

  it("make a tenant and list it, over a URL and key of the caller's", async () => {
    const over = ["--url", `${server.url}/`, "--key", apiKeyOf(dir)];
    const created = await run("tenants", "create", "acme", ...over);
    expect(await works(created.output.split("\n")[0]!)).to.equal(200);
    expect((await run("tenants", "list", ...over)).output).to.match(/default +0x.*\nacme +0x.*\n2 of 2/);
  });

  it("say what the server refuses, and end with 1", async () => {
    const { code, errors, output } = await run("tenants", "create", "default", ...here);
    expect({ code, output }).to.deep.equal({ code: 1, output: "" });
    expect(errors).to.match(/^tallyroot tenants: VALIDATION_ERROR: name: there is a tenant default already\n$/);
    const wrong = await run("keys", "list", "--url", server.url, "--key", "pk_test_1");
    expect([wrong.code, wrong.errors.split(":")[1]]).to.deep.equal([1, " INVALID_API_KEY"]);
  });

  const WRONG: readonly (readonly ["keys" | "tenants", ...string[]])[] = [
    ["keys"],
    ["keys", "destroy"],
    ["keys", "constructor"],
    ["keys", "create"],
    ["keys", "create", "name", "--scope", "read"],
    ["keys", "list", "--scope", "read"],
    ["keys", "rotate"],
    ["keys", "rotate", "id", "--overlap", "a day"],
    ["keys", "revoke", "one", "two"],
    ["keys", "list", "--colour"],
    ["tenants"],
    ["tenants", "create"],
    ["tenants", "list", "acme"],
    ["tenants", "create", "acme", "--limit", "1"],
  ];
  for (const words of WRONG) {
    it(`show how they are used, and end with 2: ${words.join(" ")}`, async () => {
      const { code, errors, output } = await run(...(words as [(typeof words)[0], ...string[]]));
      expect({ code, output }).to.deep.equal({ code: 2, output: "" });
      expect(errors).to.match(new RegExp(`^tallyroot ${words[0]}: .*\nusage: npm run ${words[0]} -- create`));
    });
  }

  it("say that no server is running, and end with 3", async () => {
    const empty = temporaryDirectory();
    const nowhere = await run("keys", "list", "--data-dir", empty);
    expect(nowhere).to.include({ code: 3 }).with.property("errors").that.includes("server.json cannot be read");
    const closed = await run("keys", "list", "--url", "http://127.0.0.1:9", "--key", "k");
    expect(closed).to.include({ code: 3 }).with.property("errors").that.includes("no server answers");
    removeDirectory(empty);
  });
});
