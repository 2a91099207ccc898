import { expect } from "chai";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { Tallyroot, verifyWebhook } from "#src/sdk/tallyroot.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { answer, type Received, type Receiver, startReceiver } from "#test/webhooks/receiver.ts";
import { openBrowser, PHONE, seriousFindings, signedIn } from "./ground.ts";

const DAY_MS = 86_400_000;

describe("the webhooks' screen", () => {
  const dir = temporaryDirectory();
  const receivers: Receiver[] = [];
  let browser: Browser;
  let server: Server;
  let pac: Tallyroot;

  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), start()]);
    pac = new Tallyroot({ apiKey: apiKeyOf(dir), baseUrl: server.url });
  });
  afterEach(async () => {
    for (const { id } of (await pac.webhookEndpoints.list()).webhooks) await pac.webhookEndpoints.delete(id);
    for (const receiver of receivers.splice(0)) await receiver.stop();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    removeDirectory(dir);
  });

  const start = (settings: Record<string, string> = {}) =>
    startServer(dir, { TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true", ...settings });
  const open = (options: BrowserContextOptions & { path?: string } = {}) =>
    signedIn(browser, server, apiKeyOf(dir), { path: "/webhooks", ...options });
  const anchorOnce = () => pac.balance.emitAndWait({ customerId: "cust_001", delta: "1", reason: "usage" });
  const verified = ({ body, headers }: Received, secret: string) => verifyWebhook(body, headers, secret);
  async function receiver(): Promise<Receiver> {
    const started = await startReceiver();
    receivers.push(started);
    return started;
  }

  it("makes a webhook, shows its secret once, and tells what came of a test", async () => {
    const to = await receiver();
    const { page, context, expectQuiet } = await open();
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
    await page.getByText("No webhook yet").waitFor();
    await page.getByRole("button", { name: "New webhook" }).click();
    const dialog = page.getByRole("dialog", { name: "New webhook" });
    await dialog.getByRole("button", { name: "Make the webhook" }).click();
    await dialog.getByText("Say where the events are to be posted to.").waitFor();
    await dialog.getByRole("textbox", { name: "URL" }).fill("example.com/hooks");
    await dialog.getByText("This is no URL.").waitFor();
    expect(await seriousFindings(page)).to.deep.equal([]);

    await dialog.getByRole("textbox", { name: "URL" }).fill(` ${to.url} `);
    for (const box of await dialog.getByRole("checkbox").all()) await box.uncheck();
    await dialog.getByRole("button", { name: "Make the webhook" }).click();
    await dialog.getByText("Choose one at least.").waitFor();
    await dialog.getByRole("checkbox", { name: "delta.verified" }).check();
    await dialog.getByLabel("Description").fill("books");
    await dialog.getByRole("button", { name: "Make the webhook" }).click();

    const shown = page.getByRole("dialog", { name: "The webhook's secret" });
    const secret = (await shown.getByLabel("secret", { exact: true }).textContent())!;
    expect(secret).to.match(/^whsec_/);
    // Neither Escape nor a click beside it takes away what cannot be shown again.
    await page.keyboard.press("Escape");
    await page.mouse.click(5, 5);
    await shown.getByRole("button", { name: "Copy the secret" }).click();
    await shown.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).to.equal(secret);
    await shown.getByRole("button", { name: "Done" }).click();
    await page.getByRole("listitem").getByText("books").waitFor();
    expect(await page.content()).not.to.include(secret);
    expect((await pac.webhookEndpoints.list()).webhooks.map(({ url, events }) => ({ url, events }))).to.deep.equal([
      { url: to.url, events: ["delta.verified"] },
    ]);

    await page.getByRole("button", { name: "Send a test" }).click();
    await page.getByText("The test was delivered.").waitFor();
    expect(await page.getByRole("status").first().textContent()).to.match(/answered 200, after \d+ ms/);
    const [test] = await to.until(1);
    expect(await verified(test!, secret)).to.have.property("event", "webhook.test");
    to.behave = answer(503);
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.getByText("The test was not delivered.").waitFor();
    await page.getByText("it answered 503; only 200 to 299 counts").waitFor();
    to.behave = answer(200);

    await anchorOnce();
    const row = page.getByRole("row", { name: /delta\.verified/ });
    await row.getByText("delivered", { exact: true }).waitFor();
    await page.getByText("1 succeeded and 0 failed").waitFor();
    expect(await verified(to.received.at(-1)!, secret)).to.have.property("event", "delta.verified");
    expectQuiet();
    await context.close();
  });

  it("a paused webhook is told nothing until it is resumed", async () => {
    const to = await receiver();
    await pac.webhookEndpoints.create({ url: to.url, events: ["delta.verified"] });
    const { page, context, expectQuiet } = await open({ viewport: PHONE });
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("paused: its deliveries wait").waitFor();
    await anchorOnce();
    await page.getByRole("row", { name: /pending/ }).waitFor();
    expect(to.received).to.have.length(0);
    await page.getByRole("button", { name: "Resume" }).click();
    await to.until(1);
    await page.getByRole("row", { name: /pending/ }).waitFor({ state: "detached" });
    expectQuiet();
    await context.close();
  });

  it("a rotated secret is shown once, and the old one signs as well", async () => {
    const to = await receiver();
    const { secret: old } = await pac.webhookEndpoints.create({ url: to.url });
    const { page, context, expectQuiet } = await open();
    await choose(page, "Rotate the secret");
    await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
    const shown = page.getByRole("dialog", { name: "The webhook's new secret" });
    const secret = (await shown.getByLabel("secret", { exact: true }).textContent())!;
    expect(secret)
      .to.match(/^whsec_/)
      .and.not.equal(old);
    await shown.getByText("signed with the old secret as well").waitFor();
    await shown.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: "Send a test" }).click();
    const [test] = await to.until(1);
    for (const either of [secret, old!])
      expect(await verified(test!, either)).to.have.property("event", "webhook.test");
    expectQuiet();
    await context.close();
  });

  it("an edited webhook keeps its secret, and a URL that is there already is warned about", async () => {
    const [to, other] = [await receiver(), await receiver()];
    const { id, secret } = await pac.webhookEndpoints.create({ url: to.url, description: "books" });
    await pac.webhookEndpoints.create({ url: other.url });
    const { page, context, expectQuiet } = await open();
    await choose(page, "Edit");
    const dialog = page.getByRole("dialog", { name: "Edit webhook" });
    expect(await dialog.getByRole("textbox", { name: "URL" }).inputValue()).to.equal(to.url);
    await dialog.getByRole("textbox", { name: "URL" }).fill(other.url);
    await dialog.getByText("Another webhook has this URL already").waitFor();
    await dialog.getByRole("textbox", { name: "URL" }).fill(`${to.url}/v2`);
    await dialog.getByRole("checkbox", { name: "delta.failed" }).uncheck();
    await dialog.getByLabel("Description").fill("");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: `${to.url}/v2` }).waitFor();
    expect(await pac.webhookEndpoints.get(id)).to.deep.include({
      url: `${to.url}/v2`,
      events: ["delta.verified", "checkpoint.verified", "anchor.confirmed", "anchoring.halted"],
      description: null,
    });
    await page.getByRole("button", { name: "Send a test" }).first().click();
    const [test] = await to.until(1);
    expect(test!.path).to.equal("/hook/v2");
    expect(await verified(test!, secret!)).to.have.property("event", "webhook.test");
    expectQuiet();
    await context.close();
  });

  it("what was tried for days is parked, said in words, and sent again from here", async function () {
    this.timeout(60_000);
    const to = await receiver();
    to.behave = answer(500);
    const { id, secret } = await pac.webhookEndpoints.create({ url: to.url, events: ["delta.verified"] });
    await anchorOnce();
    await to.until(1);
    await letDaysPass(id);
    const { page, context, expectQuiet } = await open();
    const states = page.getByRole("radiogroup", { name: "Deliveries to show" });
    await states.getByText("parked").click();
    await page.getByText("It was tried for three days, or its webhook was deleted.").waitFor();
    expect(new URL(page.url()).search).to.equal("?status=parked");
    const row = page.getByRole("row", { name: /delta\.verified/ });
    await row.getByText("It answered 500; only 200 to 299 counts").waitFor();
    const before = to.received.length;
    to.behave = answer(200);
    await row.getByRole("button", { name: /^Send again/ }).click();
    await page.getByText("delta.verified is sent again now.").waitFor();
    await to.until(before + 1);
    expect(await verified(to.received.at(-1)!, secret!)).to.have.property("event", "delta.verified");
    await page.getByText("No parked delivery").waitFor();
    await page.reload();
    await page.getByText("No parked delivery").waitFor();
    await states.getByText("delivered").click();
    await row.first().getByText("It answered 200").waitFor();
    expectQuiet();
    await context.close();
  });

  it("deletes a webhook after asking, and gives the keyboard back", async () => {
    const to = await receiver();
    await pac.webhookEndpoints.create({ url: to.url, events: ["anchor.confirmed"] });
    await anchorOnce();
    await to.until(1);
    const { page, context, expectQuiet } = await open();
    await page.getByRole("button", { name: `more actions for ${to.url}` }).focus();
    await page.keyboard.press("Enter");
    await page.locator("[role=menuitem]:focus").getByText("Edit").waitFor();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Delete this webhook?" });
    await dialog.getByText("pause it instead").waitFor();
    expect(await seriousFindings(page)).to.deep.equal([]);
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).to.equal(
      `more actions for ${to.url}`,
    );
    expect((await pac.webhookEndpoints.list()).webhooks).to.have.length(1);

    await choose(page, "Delete");
    await dialog.getByRole("button", { name: "Delete" }).click();
    await page.getByText("No webhook yet").waitFor();
    expect((await pac.webhookEndpoints.list()).webhooks).to.deep.equal([]);
    const row = page.getByRole("row", { name: /a deleted webhook/ }).first();
    expect(await row.getByRole("button", { name: /^Send again/ }).isDisabled()).to.equal(true);
    expectQuiet();
    await context.close();
  });

  it("says when there are as many as there may be", async () => {
    const { pagination } = await pac.webhookEndpoints.list();
    for (let i = 0; i < pagination.limit; i++)
      await pac.webhookEndpoints.create({ url: `http://127.0.0.1:9/${i}`, events: ["anchoring.halted"] });
    const { page, context } = await open();
    await page.getByText(`There are ${pagination.limit} of at most ${pagination.limit} webhooks.`).waitFor();
    expect(await page.getByRole("button", { name: "New webhook" }).isDisabled()).to.equal(true);
    await context.close();
  });

  it("says why not to a key that may not, and to a private address", async function () {
    this.timeout(60_000);
    const { apiKey } = await pac.keys.create({ scope: "write", label: "billing backend" });
    const other = await signedIn(browser, server, apiKey!, { path: "/webhooks" });
    await other.page.getByText("This key may not make webhooks, or see what was delivered.").waitFor();
    await other.page.getByText("signed in with a key of scope write").waitFor();
    other.expectQuiet();
    await other.context.close();

    await restart({ TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "false" });
    const { page, context, expectQuiet } = await open();
    await page.getByRole("button", { name: "New webhook" }).click();
    const dialog = page.getByRole("dialog", { name: "New webhook" });
    await dialog.getByRole("textbox", { name: "URL" }).fill("https://10.0.0.1/hooks");
    await dialog.getByRole("button", { name: "Make the webhook" }).click();
    await dialog.getByText("This address is in a private network").waitFor();
    await dialog.getByRole("textbox", { name: "URL" }).fill("http://example.com/hooks");
    expect(await dialog.getByText("This address is in a private network").count()).to.equal(0);
    await dialog.getByRole("button", { name: "Make the webhook" }).click();
    await dialog.getByText("This server delivers to https only.").waitFor();
    await dialog.getByRole("textbox", { name: "URL" }).fill("https://somebody:secret@example.com/hooks");
    await dialog.getByRole("button", { name: "Make the webhook" }).click();
    await dialog.getByText("The URL holds a user name or a password.").waitFor();
    expect((await pac.webhookEndpoints.list()).webhooks).to.deep.equal([]);
    expectQuiet([/status of 400/]);
    await context.close();
  });

  /** Stops the server, and starts it again where it was. */
  async function restart(settings: Record<string, string> = {}, meanwhile?: () => Promise<void>): Promise<void> {
    const { port } = new URL(server.url);
    await server.stop();
    await meanwhile?.();
    server = await start({ PORT: port, ...settings });
  }

  /** As if an endpoint had been tried for longer than anything is. */
  async function letDaysPass(id: string): Promise<void> {
    await restart({}, async () => {
      const past = Date.now() - 4 * DAY_MS;
      const change = async (text: string) => expect(await changeBehind(dir, text, past, past, id)).to.be.above(0);
      await change("UPDATE webhook_endpoints SET resumed_at = ?, created_at = ? WHERE id = ?");
      await change(
        "UPDATE webhook_deliveries SET since = ?, next_attempt_at = ? WHERE endpoint = ? AND state = 'pending'",
      );
    });
  }
});

/** Takes an entry of the first webhook's menu. */
async function choose(page: Page, name: string): Promise<void> {
  await page
    .getByRole("button", { name: /^more actions/ })
    .first()
    .click();
  await page.getByRole("menuitem", { name }).click();
}
