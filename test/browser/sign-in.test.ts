import { expect } from "chai";
import type { Browser } from "playwright-core";
import { Tallyroot } from "#src/sdk/tallyroot.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { openBrowser, openPage, signedIn } from "./ground.ts";

const STORED = "tallyroot.api-key";

describe("signing in", () => {
  let browser: Browser;
  let server: Server;
  let dir: string;
  let link: string;
  let pac: Tallyroot;

  before(async () => {
    dir = temporaryDirectory();
    [browser, server] = await Promise.all([openBrowser(), startServer(dir)]);
    link = /http:\/\/\S+#sign-in=\S+/.exec(server.output())?.[0] ?? "";
    pac = new Tallyroot({ apiKey: apiKeyOf(dir), baseUrl: server.url });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    removeDirectory(dir);
  });

  it("by the link of the first start works once, and the key is in no URL that is sent or kept", async () => {
    expect(link).to.not.equal("");
    const key = link.slice(link.indexOf("=") + 1);
    const first = await openPage(browser, [server.url]);
    await first.page.goto(link);
    await first.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    expect(first.page.url()).to.equal(`${server.url}/`);
    expect(await first.page.evaluate(() => history.length)).to.be.at.most(2);
    expect(first.requests.filter((url) => new URL(url).pathname.includes(key))).to.deep.equal([]);
    const stored = await first.page.evaluate((place) => localStorage.getItem(place), STORED);
    expect(stored).to.match(/^pk_/).and.not.equal(key);

    const second = await openPage(browser, [server.url]);
    await second.page.goto(link);
    await second.page.getByRole("alert").getByText("This key does not work").waitFor();
    expect(second.page.url()).to.equal(`${server.url}/`);
    first.expectQuiet();
    second.expectQuiet([/status of 401/]);

    // Signing out ends the key that the page had made for itself.
    await first.page.getByRole("button", { name: /^signed in/ }).click();
    await first.page.getByRole("menuitem", { name: "Sign out" }).click();
    await first.page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    expect(await first.page.evaluate((place) => localStorage.getItem(place), STORED)).to.equal(null);
    const refused = await new Tallyroot({ apiKey: stored!, baseUrl: server.url }).keys
      .current()
      .catch((e: unknown) => e);
    expect(refused).to.have.property("code", "INVALID_API_KEY");
    await Promise.all([first.context.close(), second.context.close()]);
  });

  it("with a wrong key says what to do, and with the right one goes on", async () => {
    const { page, context } = await openPage(browser, [server.url]);
    await page.goto(`${server.url}/ledgers`);
    await page.getByLabel("API key").fill("pk_test_nonsense");
    await page.getByRole("button", { name: "Sign in" }).click();
    const alert = page.getByRole("alert");
    await alert.getByText("This key does not work.").waitFor();
    expect(await alert.textContent())
      .to.include("INVALID_API_KEY")
      .and.to.include("request ");
    expect(await page.evaluate((place) => localStorage.getItem(place), STORED)).to.equal(null);
    await page.getByLabel("API key").fill(`  ${apiKeyOf(dir)} `);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Customer Ledgers" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Customer Ledgers" }).waitFor();
    await context.close();
  });

  it("ends by itself when the key is revoked or expires, in words", async () => {
    const { apiKey, publicId } = await pac.keys.create({ scope: "read", label: "visitor" });
    const { page, context } = await signedIn(browser, server, apiKey!);
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await pac.keys.revoke(publicId);
    await page.getByText("This key does not work.").first().waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign in with another key" }).click();
    await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    await context.close();
  });

  it("outlives a restart of the server: the page says so, and goes on by itself", async () => {
    const { page, context } = await signedIn(browser, server, apiKeyOf(dir));
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    const port = new URL(server.url).port;
    await server.stop();
    await page.getByText("The server does not answer.").first().waitFor();
    expect(await page.getByRole("alert").first().textContent()).to.include("tries again by itself");
    server = await startServer(dir, { PORT: port });
    await page.getByText("The server does not answer.").first().waitFor({ state: "detached" });
    await page.getByText("Nothing is recorded yet").waitFor();
    await context.close();
  });

  it("shows a first delta without reloading", async () => {
    const { page, context, requests } = await signedIn(browser, server, apiKeyOf(dir));
    await page.getByText("Nothing is recorded yet").waitFor();
    const loads = requests.filter((url) => url === `${server.url}/`).length;
    await pac.balance.emit({ customerId: "cust_001", delta: "1234567.000000000000000001", reason: "initial_deposit" });
    await page.getByRole("link", { name: "cust_001" }).waitFor();
    await page.getByText("all anchored").waitFor();
    const shown = page.getByRole("row", { name: /cust_001/ });
    expect((await shown.textContent())!.replaceAll(/\s/g, "")).to.include("1234567.000000000000000001");
    expect(requests.filter((url) => url === `${server.url}/`).length).to.equal(loads);
    await context.close();
  });

  it("with a key of a customer of whom nothing is recorded waits for the first delta", async () => {
    const { apiKey } = await pac.keys.create({ scope: "read", customerId: "newcomer" });
    const { page, context, expectQuiet } = await openPage(browser, [server.url]);
    await page.goto(`${server.url}/#key=${apiKey}`);
    await page.getByRole("heading", { level: 1, name: "There is nothing to read yet" }).waitFor();
    await pac.balance.emit({ customerId: "newcomer", delta: "7", reason: "usage" });
    await page.getByRole("heading", { level: 1, name: "newcomer" }).waitFor();
    expect(new URL(page.url()).pathname).to.equal("/ledgers/newcomer");
    expectQuiet();
    await context.close();
  });

  it("shows a halted anchoring on the overview", async () => {
    await server.stop();
    const port = new URL(server.url).port;
    server = await startServer(dir, { PORT: port, TALLYROOT_ANCHOR_INTERVAL_MS: "3600000" });
    await pac.balance.emit({ customerId: "cust_002", delta: "5", reason: "usage" });
    await server.stop("SIGKILL");
    const newest = "sequence = 1 AND ledger = (SELECT max(ledger) FROM deltas)";
    expect(await changeBehind(dir, `UPDATE deltas SET amount = '9' WHERE ${newest}`)).to.equal(1);
    server = await startServer(dir, { PORT: port });
    const { page, context } = await signedIn(browser, server, apiKeyOf(dir));
    await page.getByText("anchoring: not well").waitFor();
    await page.getByText("Recording goes on meanwhile").waitFor();
    await context.close();
  });
});
