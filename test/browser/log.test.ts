import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { Tallyroot } from "#src/sdk/tallyroot.ts";
import { redigest } from "#test/audit/audited-record.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { behind } from "#test/run/record-of.ts";
import { openBrowser, signedIn } from "./ground.ts";

const PER_PAGE = 25;

describe("the anchors' screen", () => {
  const dir = temporaryDirectory();
  let browser: Browser;
  let server: Server;
  let pac: Tallyroot;

  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startServer(dir)]);
    pac = new Tallyroot({ apiKey: apiKeyOf(dir), baseUrl: server.url });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    removeDirectory(dir);
  });

  const anchorOnce = () => pac.balance.emitAndWait({ customerId: "cust_001", delta: "1", reason: "usage" });

  it("says that there is none yet, and shows the first one without reloading", async () => {
    const { page, context, expectQuiet } = await signedIn(browser, server, apiKeyOf(dir), { path: "/log" });
    await page.getByText("No anchor yet").waitFor();
    await anchorOnce();
    await page.getByRole("row", { name: /CONFIRMED/ }).waitFor();
    expect(await indexes(page)).to.deep.equal([1]);
    await page.getByText("every delta is anchored").waitFor();
    expectQuiet();
    await context.close();
  });

  it("pages through all of them, newest first, and keeps its place while new ones come", async function () {
    this.timeout(60_000);
    for (let i = 1; i < PER_PAGE + 3; i++) await anchorOnce();
    const { page, context, expectQuiet } = await signedIn(browser, server, apiKeyOf(dir), { path: "/log" });
    const main = page.getByRole("main");
    await main.getByText(`1 to 25 of ${PER_PAGE + 3} anchors`).waitFor();
    expect(await indexes(page)).to.deep.equal(downFrom(PER_PAGE + 3, 4));
    expect(await main.getByRole("button", { name: "Newer" }).isDisabled()).to.equal(true);

    await main.getByRole("button", { name: "Older" }).click();
    await main.getByText(`26 to 28 of ${PER_PAGE + 3} anchors`).waitFor();
    expect(await indexes(page)).to.deep.equal([3, 2, 1]);
    expect(await main.getByRole("button", { name: "Older" }).isDisabled()).to.equal(true);
    await anchorOnce();
    await main.getByText(`27 to 29 of ${PER_PAGE + 4} anchors`).waitFor();
    expect(await indexes(page)).to.deep.equal([3, 2, 1]);

    await main.getByRole("button", { name: "Newer" }).click();
    await main.getByText(`1 to 25 of ${PER_PAGE + 4} anchors`).waitFor();
    expect(await indexes(page)).to.deep.equal(downFrom(PER_PAGE + 4, 5));
    expectQuiet();
    await context.close();
  });

  it("shows of each what the API says, to be copied whole, and leads to its public page", async () => {
    const { page, context } = await signedIn(browser, server, apiKeyOf(dir), { path: "/log" });
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
    const anchor = await pac.chain.anchor(7);
    const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "7", exact: true }) });
    await row.waitFor();
    const text = await row.textContent();
    expect(text).to.include(anchor.blockTime!.slice(0, 19).replace("T", " "));
    expect(text).to.include(String(anchor.blockNumber));
    expect(text).to.include(anchor.gasUsed!.toLocaleString("en"));
    await row.getByRole("button", { name: "copy root of anchor 7" }).click();
    await row.getByRole("button", { name: "root of anchor 7 copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).to.equal(anchor.root);
    expect(await row.getByRole("link", { name: "7", exact: true }).getAttribute("href")).to.equal("/anchors/7");
    expect(await page.getByRole("link", { name: "The contract" }).getAttribute("href")).to.equal("/contract");
    await context.close();
  });

  it("shows no gas of an anchor from before it was kept, and says so", async () => {
    await server.stop();
    await behind(dir, async (sql) => {
      await sql.change("UPDATE anchor_progress SET gas_used = NULL WHERE anchor = 7");
      await redigest(sql, "anchor_progress", "anchor = 7");
    });
    server = await startServer(dir);
    pac = new Tallyroot({ apiKey: apiKeyOf(dir), baseUrl: server.url });
    const { page, context, expectQuiet } = await signedIn(browser, server, apiKeyOf(dir), { path: "/log" });
    const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "7", exact: true }) });
    await row.getByRole("cell", { name: "not kept", exact: true }).waitFor();
    expect(await row.textContent()).to.include("–");
    expectQuiet();
    await context.close();
  });

  it("is there for a key of one customer, without the tenant's sums", async () => {
    const { apiKey } = await pac.keys.create({ scope: "read", customerId: "cust_001", label: "counterparty" });
    const { page, context, expectQuiet } = await signedIn(browser, server, apiKey!, { path: "/log" });
    await page
      .getByRole("row", { name: /CONFIRMED/ })
      .first()
      .waitFor();
    expect(await page.getByText("Waiting for an anchor").count()).to.equal(0);
    expectQuiet();
    await context.close();
  });
});

/** The indexes in the table, from top to bottom. */
async function indexes(page: Page): Promise<number[]> {
  const cells = await page.getByRole("main").getByRole("rowheader").allTextContents();
  return cells.map(Number);
}

function downFrom(first: number, last: number): number[] {
  return Array.from({ length: first - last + 1 }, (_, i) => first - i);
}
