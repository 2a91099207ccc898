import { expect } from "chai";
import type { Browser } from "playwright-core";
import { Tallyroot } from "#src/sdk/tallyroot.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { openBrowser, signedIn } from "./ground.ts";

const QUOTA = 4;

describe("the settings' screen", () => {
  const dir = temporaryDirectory();
  let browser: Browser;
  let server: Server;
  let pac: Tallyroot;

  before(async () => {
    [browser, server] = await Promise.all([
      openBrowser(),
      startServer(dir, { TALLYROOT_QUOTA_DELTAS_PER_MONTH: String(QUOTA) }),
    ]);
    pac = new Tallyroot({ apiKey: apiKeyOf(dir), baseUrl: server.url });
    await pac.balance.emit({ customerId: "cust_001", delta: "5", reason: "usage" });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    removeDirectory(dir);
  });

  const open = (apiKey = apiKeyOf(dir)) => signedIn(browser, server, apiKey, { path: "/settings" });

  it("shows every limit of the server, with its number", async () => {
    const { page, context, expectQuiet } = await open();
    await page.getByRole("row", { name: /^Reason 500 characters/ }).waitFor();
    const shown = await page
      .getByRole("row")
      .evaluateAll((rows) => rows.map((row) => [row.querySelector("[title]")?.getAttribute("title"), row.textContent]));
    const limits = Object.entries(await pac.balance.limits());
    expect(shown.map(([name]) => name).toSorted()).to.deep.equal(limits.map(([name]) => name).toSorted());
    const texts = new Map(shown as [string, string][]);
    // Told in the largest unit that they are whole in; a number that is told as it is stands there digit for digit.
    const inLargerUnits = {
      metadataBytes: "16 KiB",
      bodyBytes: "1 MiB",
      batchBodyBytes: "8 MiB",
      streamLineBytes: "128 KiB",
      comparedBodyBytes: "16 MiB",
      keyOverlapSeconds: "30 days",
      maxRetentionDays: "for ever",
    };
    for (const [name, value] of limits) {
      const said = new Map(Object.entries(inLargerUnits)).get(name) ?? value!.toLocaleString("en");
      expect(texts.get(name), name).to.match(new RegExp(`(^|[^0-9,])${said}($| )`));
    }
    expectQuiet();
    await context.close();
  });

  it("shows what of the quota is used, also when nothing is left", async () => {
    const { page, context } = await open();
    const bar = page.getByRole("progressbar");
    await page.getByText(`of ${QUOTA} deltas recorded`).waitFor();
    expect(await bar.getAttribute("aria-valuenow")).to.equal("25");
    for (let i = 1; i < QUOTA; i++) await pac.balance.emit({ customerId: "cust_001", delta: "5", reason: "usage" });
    await page.getByText("The quota is used up").waitFor();
    expect(await bar.getAttribute("aria-valuenow")).to.equal("100");
    await context.close();
  });

  it("says where the anchors are and where the reference is", async () => {
    const { page, context } = await open();
    const { contract, log, rpcUrl } = await pac.chain.place();
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
    for (const [name, value] of [
      ["contract address", contract],
      ["log id", log],
    ] as const) {
      await page.getByRole("button", { name: `copy ${name}` }).click();
      await page.getByRole("button", { name: `${name} copied` }).waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).to.equal(value);
    }
    await page.getByText(rpcUrl!).waitFor();
    for (const [name, path] of [
      ["API reference", "/docs"],
      ["openapi.json", "/openapi.json"],
    ] as const) {
      expect(await page.getByRole("link", { name, exact: true }).getAttribute("href")).to.equal(path);
      expect((await fetch(server.url + path)).status).to.equal(200);
    }
    await context.close();
  });

  it("keeps the choice of colours, and gives it back to the system", async () => {
    const { page, context } = await open();
    const scheme = () => page.locator("html").getAttribute("data-mantine-color-scheme");
    expect(await scheme()).to.equal("light");
    await page.getByText("Dark", { exact: true }).click();
    expect(await scheme()).to.equal("dark");
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
    expect(await scheme()).to.equal("dark");
    expect(await page.getByRole("radio", { name: "Dark" }).isChecked()).to.equal(true);
    await page.getByText("As the system", { exact: true }).click();
    expect(await scheme()).to.equal("light");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
    await context.close();
  });

  it("signs out, and a key that was typed in goes on working elsewhere", async () => {
    const { apiKey } = await pac.keys.create({ scope: "read", label: "visitor" });
    const { page, context } = await open(apiKey!);
    await page.getByText("visitor,").waitFor();
    await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    expect(await page.evaluate(() => localStorage.getItem("tallyroot.api-key"))).to.equal(null);
    expect(await new Tallyroot({ apiKey: apiKey!, baseUrl: server.url }).balance.limits()).to.be.an("object");
    await context.close();
  });

  it("of a key of one customer leave out what is the tenant's", async () => {
    const { apiKey } = await pac.keys.create({ scope: "read", customerId: "cust_001", label: "counterparty" });
    const { page, context, expectQuiet } = await open(apiKey!);
    await page.getByText("read, of the customer cust_001 only").waitFor();
    await page.getByRole("row", { name: /^Reason 500 characters/ }).waitFor();
    expect(await page.getByRole("heading", { name: "This month" }).count()).to.equal(0);
    expectQuiet();
    await context.close();
  });
});
