import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect } from "chai";
import type { Browser } from "playwright-core";
import { anchorLogCodeHash } from "#src/contracts.ts";
import { type Members, read, record, verified } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { about, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";
import { expectNoSideScroll, openBrowser, openPage, PHONE, picture, seriousFindings } from "./ground.ts";
import { askEndpoints, startDoor } from "./public-ground.ts";

describe("the public pages of anchors and contract", function () {
  this.timeout(60_000);
  const dir = temporaryDirectory();
  let browser: Browser;
  let server: Server;
  let liar: LyingEndpoint;
  let door: Awaited<ReturnType<typeof startDoor>>;
  let anchor: Members;
  let place: Members;

  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startServer(dir)]);
    const target = { url: server.url, key: apiKeyOf(dir) };
    for (let i = 0; i < 2; i++) {
      const { recordId } = await record(target, { customerId: "cust_001", delta: "1.5", reason: "usage" });
      await verified(target, recordId);
    }
    [anchor, place] = await Promise.all([read(target, "/anchors/1"), read(target, "/chain")]);
    liar = await startLyingEndpoint(server.rpcUrl);
    door = await startDoor(liar.url);
  });
  beforeEach(() => {
    liar.lie = () => undefined;
  });
  after(async () => {
    await browser?.close();
    door?.stop();
    liar?.stop();
    await server?.stop();
    removeDirectory(dir);
  });

  const open = async (path: string) => {
    const watched = await openPage(browser, [server.url, server.rpcUrl, door.url]);
    await watched.page.goto(server.url + path);
    return watched;
  };

  it("list the anchors, each with its own page", async () => {
    const { page, context, expectQuiet } = await open("/anchors");
    await page.getByRole("row").nth(2).waitFor();
    await page.getByRole("rowheader").getByRole("link", { name: "1", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Anchor 1" }).waitFor();
    expect(new URL(page.url()).pathname).to.equal("/anchors/1");
    await page.getByText(anchor.transactionHash).waitFor();
    expectQuiet();
    await context.close();
  });

  it("read the root from the contract, and find it equal to what the server says", async () => {
    const { page, context, expectQuiet } = await open("/anchors/1");
    const said = page.getByRole("region", { name: "What the contract says" });
    await said.locator("[data-same=true]").first().waitFor();
    expect(await said.locator("dt:text-is('Root') + dd").innerText()).to.contain(anchor.root);
    expect(await said.locator("[data-same=false]").count()).to.equal(0);
    const gas = await said.locator("dt:text-is('Gas used') + dd").innerText();
    expect(Number(gas.replace(",", ""))).to.be.within(30_000, 80_000);
    expect(Number(await said.locator("dt:text-is('Confirmations') + dd").innerText())).to.be.at.least(1);
    expect(gas).to.equal(anchor.gasUsed.toLocaleString("en"));
    expectQuiet();
    await context.close();
  });

  it("show what the server says of the gas beside it, where the chain says something else", async () => {
    const { page, context } = await open("/anchors/1");
    await askEndpoints(page, door.url);
    const gas = page.locator("dt:text-is('Gas used') + dd");
    await gas.getByText(anchor.gasUsed.toLocaleString("en"), { exact: true }).waitFor();
    liar.lie = about("eth_getTransactionReceipt", (truth: object) => ({ ...truth, gasUsed: "0x1e240" }));
    await page.getByRole("button", { name: "Read from the contract now" }).click();
    await gas.getByText(`the server says ${anchor.gasUsed.toLocaleString("en")}`).waitFor();
    expect(await gas.innerText()).to.contain("123,456");
    await context.close();
  });

  it("show it when the contract says something else, holds nothing, or is another chain's", async () => {
    const { page, context } = await open("/anchors/1");
    await askEndpoints(page, door.url);
    // Its own answer, and not what is left of the endpoint before it.
    const word = page.locator("[aria-busy=false]", { hasText: new URL(door.url).origin });
    await word.locator("[data-same=true]").first().waitFor();
    for (const [lie, words] of [
      [about("eth_call", () => `0x${"ab".repeat(32)}`), "differs from what the server says"],
      [about("eth_call", () => `0x${"0".repeat(64)}`), "the contract holds nothing at this index"],
      [about("eth_call", () => "0x"), "no AnchorLog is at the contract's address"],
      [about("eth_chainId", () => "0x1"), "This endpoint is of chain 1."],
      [() => ({ status: 500, body: "" }), "The contract was not asked"],
    ] as const) {
      liar.lie = lie;
      await page.getByRole("button", { name: "Read from the contract now" }).click();
      await page.getByText(words).waitFor();
      expect(await page.locator("dt:text-is('Root') + dd [data-same=true]").count(), words).to.equal(0);
    }
    await context.close();
  });

  it("give a command that asks the contract, and that runs as it stands", async () => {
    const { page, context } = await open("/anchors/1");
    const command = await page.getByRole("region", { name: "curl command" }).innerText();
    await context.close();
    const { stdout } = await promisify(execFile)("sh", ["-c", command]);
    expect(JSON.parse(stdout).result).to.equal(anchor.root);
  });

  it("say that there is no such anchor", async () => {
    for (const index of ["99", "0", "one"]) {
      const { page, context } = await open(`/anchors/${index}`);
      const title = page.getByRole("heading", { level: 1, name: "There is no such anchor" });
      await title.waitFor();
      expect(await page.title(), index).to.contain("There is no such anchor");
      await context.close();
    }
  });

  it("find the code on chain to be that of the sources shown", async () => {
    const { page, context, expectQuiet } = await open("/contract");
    await page.getByText("equal: the code is that of the sources below").waitFor();
    await page.getByText(anchorLogCodeHash).first().waitFor();
    await page.getByText(place.publisher).first().waitFor();
    await page.getByText("contracts/AnchorLog.sol", { exact: true }).click();
    const source = await page.getByRole("region", { name: "contracts/AnchorLog.sol" }).locator("pre").textContent();
    expect(source).to.equal(readFileSync(new URL("../../contracts/AnchorLog.sol", import.meta.url), "utf8"));
    expectQuiet();
    await context.close();
  });

  it("show it when the code is other code, or the endpoint of another chain", async () => {
    const { page, context } = await open("/contract");
    await askEndpoints(page, door.url);
    await page.getByText("equal: the code is that of the sources below").waitFor();
    for (const [lie, words] of [
      [about("eth_getCode", (code: string) => `${code}00`), "this is other code than that of the sources below"],
      [about("eth_getCode", () => "0x"), "there is no contract at this address"],
      [about("eth_chainId", () => "0x2a"), "This endpoint is of chain 42."],
    ] as const) {
      liar.lie = lie;
      await page.getByRole("button", { name: "Read from the chain now" }).click();
      await page.getByText(words).waitFor();
      expect(await page.getByText("equal: the code is that of the sources below").count(), words).to.equal(0);
    }
    await context.close();
  });

  it("can be used by everybody, and on a phone", async () => {
    const { page, context } = await open("/anchors");
    for (const path of ["/anchors", "/anchors/1", "/contract"]) {
      await page.goto(server.url + path);
      await page.locator("[data-same=true], tbody tr").first().waitFor();
      for (const summary of await page.locator("summary").all()) await summary.click();
      expect(await seriousFindings(page), path).to.deep.equal([]);
      await page.setViewportSize(PHONE);
      await expectNoSideScroll(page);
      await picture(page, `public${path.replaceAll("/", "-")}`);
    }
    await context.close();
  });
});
