import { expect } from "chai";
import { dataOf, send } from "#test/http/call.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { runCommand, runHere } from "./command.ts";

describe("tallyroot dashboard", () => {
  const dir = temporaryDirectory();
  const here = ["--data-dir", dir];
  let server: Server;

  before(async () => {
    server = await startServer(dir);
  });

  after(async () => {
    await server?.stop();
    removeDirectory(dir);
  });

  const keyOf = async (apiKey: string) =>
    dataOf(await send(server.url, { path: "/api/v1/keys/current", key: apiKey })).key;

  it("prints a link whose key is like that of the first start, and says until when", async () => {
    const { code, output, errors } = await runCommand("dashboard", ...here);
    expect({ code, errors }).to.deep.equal({ code: 0, errors: "" });
    const [link, , until] = output.split("\n");
    const prefix = `${server.url}/#sign-in=`;
    expect(link!.startsWith(prefix)).to.equal(true);
    const key = await keyOf(link!.slice(prefix.length));
    const first = await keyOf(/#sign-in=(\S+)$/m.exec(server.output())![1]!);
    expect(key).to.include({ scope: first.scope, label: first.label });
    expect(Date.parse(key.expiresAt) - Date.parse(key.createdAt)).to.be.within(3_590_000, 3_600_000);
    expect(until).to.equal(`It signs in once, as an admin, until ${key.expiresAt}.`);
  });

  it("prints another each time, for programs too, and for as many hours as are asked for", async () => {
    const links = await Promise.all(
      [1, 2].map(async () => JSON.parse((await runHere(["dashboard", "--json", "--hours", "24", ...here])).output)),
    );
    expect(links[0].url).not.to.equal(links[1].url);
    for (const { url, publicId, expiresAt } of links) {
      const key = await keyOf(new URL(url).hash.slice("#sign-in=".length));
      expect(key).to.include({ publicId, expiresAt });
      expect(Date.parse(expiresAt) - Date.now()).to.be.within(86_300_000, 86_400_000);
    }
  });

  it("refuses a key that may not make keys, and ends with 1", async () => {
    const body = { scope: "read" };
    const admin = new URL(JSON.parse((await runHere(["dashboard", "--json", ...here])).output).url).hash.slice(9);
    const { apiKey } = dataOf(await send(server.url, { path: "/api/v1/keys", key: admin, body }));
    const refused = await runHere(["dashboard", "--url", server.url], { TALLYROOT_API_KEY: apiKey });
    expect([refused.code, refused.output]).to.deep.equal([1, ""]);
    expect(refused.errors).to.match(/^tallyroot dashboard: FORBIDDEN_SCOPE: /);
  });
});
