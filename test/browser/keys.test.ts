import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { Tallyroot } from "#src/sdk/tallyroot.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { openBrowser, PHONE, seriousFindings, signedIn } from "./ground.ts";

const STORED = "tallyroot.api-key";

describe("the API keys' screen", () => {
  const dir = temporaryDirectory();
  let browser: Browser;
  let server: Server;
  let pac: Tallyroot;

  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startServer(dir)]);
    pac = clientOf(apiKeyOf(dir));
    await pac.balance.emit({ customerId: "cust_001", delta: "5", reason: "usage" });
    await pac.balance.emit({ customerId: "cust_002", delta: "5", reason: "usage" });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    removeDirectory(dir);
  });

  const clientOf = (apiKey: string) => new Tallyroot({ apiKey, baseUrl: server.url, maxRetries: 0 });
  const open = (apiKey = apiKeyOf(dir), path = "/keys") => signedIn(browser, server, apiKey, { path });
  const codeOf = (apiKey: string) =>
    clientOf(apiKey)
      .balance.limits()
      .then(
        () => "ok",
        (error: unknown) => (error as { code: string }).code,
      );

  it("makes a key, shows it once, and the key may what its scope says", async () => {
    const { page, context, expectQuiet } = await open();
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
    await page.getByRole("button", { name: "New key" }).click();
    const dialog = page.getByRole("dialog", { name: "New API key" });
    await dialog.getByLabel("Label").fill("   ");
    await dialog.getByRole("button", { name: "Make the key" }).click();
    await dialog.getByText("Say what the key is for").waitFor();
    expect(await seriousFindings(page)).to.deep.equal([]);
    await dialog.getByLabel("Label").fill("auditor");
    await dialog.getByRole("button", { name: "Make the key" }).click();
    const apiKey = await shownKey(page);
    await page.getByRole("button", { name: "Copy the API key" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).to.equal(apiKey);
    await page.getByRole("button", { name: "Done" }).click();
    const row = page.getByRole("row", { name: /auditor/ });
    await row.waitFor();
    expect(await row.textContent())
      .to.include("read")
      .and.include("in 2 months");
    expect(await page.content()).not.to.include(apiKey.split(".")[1]);

    expect((await clientOf(apiKey).balance.summary()).customers).to.equal(2);
    const refused = await clientOf(apiKey)
      .balance.emit({ customerId: "cust_001", delta: "1", reason: "usage" })
      .catch((error: unknown) => error);
    expect(refused).to.have.property("code", "FORBIDDEN_SCOPE");
    expectQuiet();
    await context.close();
  });

  it("makes a key of one customer, who is suggested, and it reads that ledger only", async () => {
    const { page, context, expectQuiet } = await open();
    await page.getByRole("button", { name: "New key" }).click();
    const dialog = page.getByRole("dialog", { name: "New API key" });
    await dialog.getByLabel("Label").fill("counterparty");
    await dialog.getByLabel("Only one customer").fill("no such id");
    await dialog.getByText("without spaces").waitFor();
    await dialog.getByRole("button", { name: "Make the key" }).click();
    await dialog.getByLabel("Only one customer").fill("cust_0");
    await page.getByRole("option", { name: "cust_002" }).click();
    await dialog.getByLabel("Expires after").click();
    await page.getByRole("option", { name: "It does not expire" }).click();
    await dialog.getByRole("button", { name: "Make the key" }).click();
    const counterparty = clientOf(await shownKey(page));
    await page.getByRole("button", { name: "Done" }).click();
    await page
      .getByRole("row", { name: /counterparty/ })
      .getByRole("link", { name: "cust_002" })
      .waitFor();

    expect(await counterparty.balance.derive("cust_002")).to.have.property("deltasCount", 1);
    const refused = await counterparty.balance.derive("cust_001").catch((error: unknown) => error);
    expect(refused).to.have.property("code", "CUSTOMER_NOT_FOUND");
    expectQuiet();
    await context.close();
  });

  it("rotates a key: the new one works, the old one ends when it was said to", async () => {
    const { apiKey: old } = await pac.keys.create({ scope: "write", label: "backend" });
    const { page, context, expectQuiet } = await open();
    await choose(page, "backend", "Rotate");
    await page.getByRole("dialog").getByLabel("The old key goes on for").click();
    await page.getByRole("option", { name: "It ends now" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
    const fresh = await shownKey(page);
    await page.getByRole("button", { name: "Done" }).click();
    await page
      .getByRole("row", { name: /backend/ })
      .getByText("expired")
      .waitFor();
    expect(await codeOf(fresh)).to.equal("ok");
    expect(await codeOf(old!)).to.equal("INVALID_API_KEY");
    expectQuiet();
    await context.close();
  });

  it("rotates the key in use, and this browser goes on with the new one", async () => {
    const { apiKey: own } = await pac.keys.create({ scope: "admin", label: "operator" });
    const { page, context } = await open(own!);
    const row = page.getByRole("row", { name: /this browser/ });
    expect(await row.textContent()).to.include("operator");
    await choose(page, "operator", "Rotate");
    await page.getByText("takes the new one over by itself").waitFor();
    await page.getByRole("dialog").getByLabel("The old key goes on for").click();
    await page.getByRole("option", { name: "It ends now" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
    const fresh = await shownKey(page);
    await page.getByRole("button", { name: "Done" }).click();
    await row.getByText("active").waitFor();
    expect(await page.evaluate((place) => localStorage.getItem(place), STORED)).to.equal(fresh);
    expect(await codeOf(own!)).to.equal("INVALID_API_KEY");
    await context.close();
  });

  it("revokes a key after asking; who uses it is shown the door in words", async () => {
    const { apiKey } = await pac.keys.create({ scope: "read", label: "visitor" });
    const visitor = await open(apiKey!, "/");
    const { page, context, expectQuiet } = await open();
    await choose(page, "visitor", "Revoke");
    const dialog = page.getByRole("dialog", { name: "Revoke visitor?" });
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await codeOf(apiKey!)).to.equal("ok");
    await choose(page, "visitor", "Revoke");
    await dialog.getByRole("button", { name: "Revoke" }).click();
    const row = page.getByRole("row", { name: /visitor/ });
    await row.getByText("revoked").waitFor();
    expect(await row.getByRole("button").count()).to.equal(0);
    expect(await codeOf(apiKey!)).to.equal("INVALID_API_KEY");
    await expectShownOut(visitor.page);
    expectQuiet();
    await Promise.all([context.close(), visitor.context.close()]);
  });

  it("a key that expires while it is in use is shown the door in words", async () => {
    const { apiKey } = await pac.keys.create({ scope: "read", expiresAt: new Date(Date.now() + 4000) });
    const { page, context } = await open(apiKey!, "/");
    await expectShownOut(page);
    await context.close();
  });

  it("revoking the key in use is warned about and signs out", async () => {
    const { apiKey: own } = await pac.keys.create({ scope: "admin", label: "leaving" });
    const { page, context } = await open(own!);
    await choose(page, "leaving", "Revoke");
    await page.getByText("It is the key that this browser is signed in with").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    expect(await page.evaluate((place) => localStorage.getItem(place), STORED)).to.equal(null);
    expect(await codeOf(own!)).to.equal("INVALID_API_KEY");
    await context.close();
  });

  it("the last admin key is not revoked, and the page says why", async () => {
    const { key } = await pac.keys.current();
    for await (const other of pac.keys.list())
      if (other.scope === "admin" && other.publicId !== key.publicId && other.revokedAt === null)
        await pac.keys.revoke(other.publicId);
    const { page, context, expectQuiet } = await open();
    await choose(page, key.label!, "Revoke");
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").getByText("is the last admin key").waitFor();
    expect(await codeOf(apiKeyOf(dir))).to.equal("ok");
    expectQuiet([/status of 400/]);
    await context.close();
  });

  it("lists the newest first, a page at a time", async () => {
    const { pagination } = await pac.keys.list({ limit: 1 });
    for (let i = pagination.total + 1; i <= 53; i++) await pac.keys.create({ scope: "read", label: `numbered ${i}` });
    const { page, context, expectQuiet } = await open();
    await page.getByText("53 keys").waitFor();
    expect(await page.getByRole("rowheader").first().textContent()).to.include("numbered 53");
    expect(await page.getByRole("rowheader").count()).to.equal(25);
    await page.getByRole("button", { name: "page 3", exact: true }).click();
    await page.getByRole("row", { name: /this browser/ }).waitFor();
    expect(await page.getByRole("rowheader").count()).to.equal(3);
    await page.setViewportSize(PHONE);
    expect(await seriousFindings(page)).to.deep.equal([]);
    expectQuiet();
    await context.close();
  });

  it("says why not to keys that may not", async () => {
    const { apiKey: reader } = await pac.keys.create({ scope: "read", label: "reader" });
    const { apiKey: counterparty } = await pac.keys.create({ scope: "read", customerId: "cust_001" });
    for (const [apiKey, whose] of [
      [reader, "signed in with a key of scope read."],
      [counterparty, "of scope read, for the customer cust_001 only."],
    ] as const) {
      const { page, context, expectQuiet } = await open(apiKey!);
      await page.getByText("This key may not make, rotate and revoke API keys.").waitFor();
      await page.getByText(whose).waitFor();
      await page.goto(`${server.url}/webhooks`);
      await page.getByText("This key may not make webhooks, or see what was delivered.").waitFor();
      expectQuiet();
      await context.close();
    }
  });
});

/** The key that a dialog shows this once. */
async function shownKey(page: Page): Promise<string> {
  const shown = page.getByRole("dialog", { name: "The new API key" });
  await shown.getByText("It is shown this once").waitFor();
  return (await shown.getByLabel("API key", { exact: true }).textContent())!;
}

/** Takes an entry of a key's menu. */
async function choose(page: Page, label: string, name: string): Promise<void> {
  await page
    .getByRole("button", { name: `actions for ${label}` })
    .first()
    .click();
  await page.getByRole("menuitem", { name }).click();
}

/** A page whose key has ended says so, and leads to the sign-in. */
async function expectShownOut(page: Page): Promise<void> {
  await page.getByText("This key does not work.").first().waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Sign in with another key" }).click();
  await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
}
