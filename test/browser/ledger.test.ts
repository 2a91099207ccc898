import { expect } from "chai";
import type { Browser, Locator } from "playwright-core";
import { Tallyroot } from "#src/sdk/tallyroot.ts";
import { type History, loopOver, seedHistory } from "#test/http/history.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { openBrowser, signedIn } from "./ground.ts";
import { countdown, figure, sequences } from "./ledger-page.ts";

/** Deltas of `a`, by the history. */
const DELTAS = 40;
const PER_PAGE = 25;

describe("a ledger's page", () => {
  const dir = temporaryDirectory();
  let browser: Browser;
  let server: Server;
  let history: History;
  let admin: string;
  let pac: Tallyroot;

  before(async function () {
    this.timeout(60_000);
    history = await seedHistory(dir);
    [browser, server] = await Promise.all([openBrowser(), startServer(dir)]);
    admin = apiKeyOf(dir);
    pac = new Tallyroot({ apiKey: admin, baseUrl: server.url });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    removeDirectory(dir);
  });

  const open = (path: string, apiKey = admin) => signedIn(browser, server, apiKey, { path });

  it("shows identifier, balances and counts as the record has them, and that no delta is missing", async () => {
    const { page, context, expectQuiet } = await open("/ledgers/a");
    const { ledgerIdentifier, computedBalanceExact } = await pac.balance.customer("a");
    await page.getByText(ledgerIdentifier, { exact: true }).waitFor();
    await page.getByText(`Sequences 1 to ${DELTAS} are all there.`).waitFor();
    await page.getByText("all anchored").waitFor();
    expect(await figure(page, "Verified balance")).to.equal(computedBalanceExact);
    expect(await figure(page, "Deltas")).to.equal(String(DELTAS));
    expect(await figure(page, "Pending")).to.equal("0");
    expect(await page.title()).to.equal("a · Tallyroot");
    expectQuiet();
    await context.close();
  });

  it("draws the balance, and says the same sums as a table", async () => {
    const { page, context } = await open("/ledgers/a");
    await page.locator("path.recharts-area-curve").waitFor();
    const label = await page.getByRole("img", { name: /^Line chart of the balance/ }).getAttribute("aria-label");
    const { computedBalanceExact, scope } = await pac.balance.derive("a", { limit: 1 });
    expect(label).to.include(`from 0 to ${computedBalanceExact} over ${DELTAS} deltas`);
    await page.getByRole("button", { name: "Show as a table" }).click();
    const rows = await cellsOf(page.getByRole("region", { name: "Balance over time" }));
    expect(rows.reduce((sum, [, deltas]) => sum + Number(deltas), 0)).to.equal(DELTAS);
    expect(rows.at(-1)![2]).to.equal(computedBalanceExact);
    // The history is longer than three months, so it is drawn by weeks: each row is what the record stood at on its last day.
    const [through, , balance] = rows[5]!;
    const asOf = new Date(Date.parse(through!) + 86_400_000);
    expect(balance).to.equal((await pac.balance.derive("a", { at: asOf, limit: 1 })).computedBalanceExact);
    expect(rows[0]![0]! >= scope.from.slice(0, 10)).to.equal(true);
    await context.close();
  });

  it("shows a month that was chosen, with its opening balance; the month is in the address and outlives a reload", async () => {
    const { page, context, expectQuiet } = await open("/ledgers/a");
    await page.getByRole("button", { name: "Other period" }).click();
    await page.getByLabel("Month", { exact: true }).fill("2025-02");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.waitForURL("**/ledgers/a?period=2025-02");
    const february = loopOver(history.past, "a", ({ time }) => new Date(time).toISOString().startsWith("2025-02"));
    const before = loopOver(history.past, "a", ({ time }) => time < Date.parse("2025-02-01T00:00:00Z"));
    const shown = async () => {
      await page.getByText(`1 to ${february.count} of ${february.count} deltas`).waitFor();
      expect(await figure(page, "Opening balance")).to.equal(String(before.hundredths / 100));
      expect(await figure(page, "Closing balance")).to.equal(String((before.hundredths + february.hundredths) / 100));
      expect(await sequences(page)).to.deep.equal(february.deltas.map(({ sequence }) => sequence).reverse());
    };
    await shown();
    await page.reload();
    await shown();
    await page.getByRole("button", { name: "All time" }).click();
    await page.getByText(`16 to ${DELTAS} of ${DELTAS} deltas`).waitFor();
    expect(new URL(page.url()).search).to.equal("");
    expectQuiet();
    await context.close();
  });

  it("takes days, refuses them backwards in words, and says when nothing was recorded in them", async () => {
    const { page, context } = await open("/ledgers/a");
    await page.getByRole("button", { name: "Other period" }).click();
    await page.getByText("Days", { exact: true }).click();
    await page.getByLabel("From", { exact: true }).fill("2025-03-10");
    await page.getByLabel("To, with that day").fill("2025-03-01");
    await page.getByText("The last day is before the first.").waitFor();
    await page.getByRole("button", { name: "Show", exact: true }).click();
    expect(new URL(page.url()).search).to.equal("");
    await page.getByLabel("To, with that day").fill("2025-03-20");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    const from = Date.parse("2025-03-10T00:00:00Z");
    const inDays = loopOver(history.past, "a", ({ time }) => time >= from && time < from + 11 * 86_400_000);
    await page.getByText(`1 to ${inDays.count} of ${inDays.count} deltas`).waitFor();
    await page.goto(`${server.url}/ledgers/a?period=2019-01`);
    await page.getByText("No deltas in this period").waitFor();
    await page.getByText("Nothing was recorded in this period").waitFor();
    await context.close();
  });

  it("of a customer that is not there says so, and nothing else", async () => {
    const { page, context } = await open("/ledgers/nobody");
    const alert = page.getByRole("alert");
    await alert.getByText("There is no such customer.").waitFor();
    expect(await alert.textContent())
      .to.include("CUSTOMER_NOT_FOUND")
      .and.to.include("request ");
    expect(await page.getByRole("button", { name: "Share" }).count()).to.equal(0);
    await context.close();
  });

  it("has every delta on its pages once, either way round, and the page outlives a reload", async () => {
    const { page, context } = await open("/ledgers/a");
    await page.getByText(`16 to ${DELTAS} of ${DELTAS} deltas`).waitFor();
    const newest = await sequences(page);
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByText(`1 to 15 of ${DELTAS} deltas`).waitFor();
    await page.reload();
    await page.getByText(`1 to 15 of ${DELTAS} deltas`).waitFor();
    expect([...newest, ...(await sequences(page))]).to.deep.equal(countdown(DELTAS, 1));
    expect(await page.getByRole("button", { name: "Older" }).isDisabled()).to.equal(true);
    await page.getByLabel("order of the deltas").selectOption("Oldest first");
    await page.getByText(`1 to ${PER_PAGE} of ${DELTAS} deltas`).waitFor();
    expect(await sequences(page)).to.deep.equal(countdown(PER_PAGE, 1).reverse());
    await page.getByRole("button", { name: "Newest" }).click();
    await page.getByText(`16 to ${DELTAS} of ${DELTAS} deltas`).waitFor();
    expect(await sequences(page)).to.deep.equal(countdown(DELTAS, 16).reverse());
    await context.close();
  });

  it("filters the page that is shown, and says that it is this page only", async () => {
    const { page, context } = await open("/ledgers/a");
    await sequences(page);
    const wanted = history.past.find(({ customerId, sequence }) => customerId === "a" && sequence === 30)!;
    await page.getByLabel("Filter this page by reason or reference").fill(wanted.reason.toUpperCase());
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
    expect(await sequences(page)).to.deep.equal([30]);
    await page.getByLabel("Filter this page by reason or reference").fill("no such reason");
    await page.getByText(`The filter looks at the ${PER_PAGE} deltas of this page.`, { exact: false }).waitFor();
    await context.close();
  });

  it("opens a delta by the keyboard with all that is known of it, and gives the keyboard back", async () => {
    const delta = await pac.balance.emitAndWait({
      customerId: "details",
      delta: "-42.000000000000000001",
      reason: "usage_charge",
      referenceId: "inv-7",
      metadata: { model: "large", tokens: [1, 2] },
    });
    const { page, context, expectQuiet } = await open("/ledgers/details");
    const row = page.getByRole("button", { name: "details of delta 1" });
    await row.focus();
    await page.keyboard.press("Enter");
    const drawer = page.getByRole("dialog", { name: "Delta" });
    await drawer.getByText("The contract took it as anchor").waitFor();
    const text = (await drawer.textContent())!;
    const { verification } = await pac.verify(delta.receiptId);
    for (const known of [
      delta.deltaExact,
      delta.recordId,
      delta.receiptId,
      delta.commitment,
      "inv-7",
      '"tokens": [',
      `The contract took it as anchor ${verification!.index}.`,
      verification!.verificationReference,
    ])
      expect(text).to.include(known);
    const verify = drawer.getByRole("link", { name: "Verify" });
    expect(await verify.getAttribute("href")).to.equal(`/verify/${delta.receiptId}`);
    expect(await verify.getAttribute("target")).to.equal("_blank");
    expect(await drawer.getByRole("link", { name: /^Anchor/ }).getAttribute("href")).to.equal(
      `/anchors/${verification!.index}`,
    );
    expect(page.url()).to.include(`delta=${delta.recordId}`);
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).to.equal(
      "details of delta 1",
    );
    expectQuiet();
    await context.close();
  });

  it("shows a new delta and its way to VERIFIED by itself, and leaves a page that is being read where it is", async () => {
    await pac.balance.emitBatch(
      Array.from({ length: 30 }, (_, i) => ({ customerId: "live", delta: i + 1, reason: "usage" })),
    );
    const reading = await open("/ledgers/live?top=5");
    expect(await sequences(reading.page)).to.deep.equal(countdown(5, 1));
    const { page, context, requests } = await open("/ledgers/live");
    expect((await sequences(page))[0]).to.equal(30);
    await pac.balance.emit({ customerId: "live", delta: "0.5", reason: "one_more" });
    const row = page.locator("tbody tr").first();
    await row.getByText("one_more").waitFor();
    await row.getByText("VERIFIED").waitFor();
    expect((await sequences(page))[0]).to.equal(31);
    await page.waitForFunction(() =>
      document.querySelector("main")?.textContent?.includes("Sequences 1 to 30 are all there, counted a moment ago."),
    );
    expect((await page.getByRole("main").textContent())!).to.include("465.5");
    expect(requests.filter((url) => new URL(url).pathname === "/ledgers/live")).to.have.length(1);
    await reading.page.getByText("1 to 5 of 31 deltas").waitFor();
    expect(await sequences(reading.page)).to.deep.equal(countdown(5, 1));
    await Promise.all([context.close(), reading.context.close()]);
  });
});

/** The cells of a table, row by row. */
async function cellsOf(within: Locator): Promise<string[][]> {
  await within.locator("tbody tr").first().waitFor();
  const rows = await within.locator("tbody tr").all();
  return Promise.all(rows.map((row) => row.locator("th, td").allTextContents()));
}
