import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { verifyFile } from "#src/core/verify-file.ts";
import { formatUnits, units } from "#src/sdk/amounts.ts";
import type { CheckpointView } from "#src/sdk/answers.ts";
import { Tallyroot } from "#src/sdk/tallyroot.ts";
import { dataOf, type Members, send } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import {
  expectNoSideScroll,
  openBrowser,
  PHONE,
  picture,
  seriousFindings,
  signedIn,
  type WatchedPage,
} from "./ground.ts";

const CUSTOMER = "cust_001";
const DELTAS = 70;
const FIRST = "1234567.000000000000000001";
/** Customers with one delta each: more than one page of statements. */
const OTHERS = 30;

describe("the checkpoint screens", () => {
  let browser: Browser;
  let server: Server;
  let dir: string;
  let pac: Tallyroot;
  let opened: WatchedPage;
  /** A statement over the deltas after the first one: its opening balance has more digits than a double. */
  let later: CheckpointView;
  const month = new Date().toISOString().slice(0, 7);

  before(async function () {
    this.timeout(60_000);
    dir = temporaryDirectory();
    // Slow enough to be seen on the way.
    [browser, server] = await Promise.all([openBrowser(), startServer(dir, { TALLYROOT_ANCHOR_INTERVAL_MS: "4000" })]);
    pac = new Tallyroot({ apiKey: apiKeyOf(dir), baseUrl: server.url });
    const { recordedAt } = await pac.balance.emit({ customerId: CUSTOMER, delta: FIRST, reason: "top up" });
    const after = Date.parse(recordedAt) + 1;
    while (Date.now() <= after) await new Promise((resolve) => setTimeout(resolve, 2));
    await pac.balance.emitBatch([
      ...Array.from({ length: DELTAS - 1 }, (_, i) => ({
        customerId: CUSTOMER,
        delta: i % 2 === 0 ? "-0.25" : "12.5",
        reason: "tokens",
        referenceId: `inv-${i + 2}`,
      })),
      ...Array.from({ length: OTHERS }, (_, i) => ({ customerId: `other_${i}`, delta: i + 1, reason: "usage" })),
    ]);
    later = await pac.balance.checkpoint({
      customerId: CUSTOMER,
      startDate: new Date(after),
      endDate: new Date(Date.now() + 1),
    });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    removeDirectory(dir);
  });
  afterEach(async () => opened?.context.close());

  async function open(path: string, options = {}): Promise<Page> {
    opened = await signedIn(browser, server, apiKeyOf(dir), { path, ...options });
    return opened.page;
  }

  const shownIn = async (page: Page, name: string) =>
    (await page.getByRole("region", { name, exact: true }).innerText()).replaceAll(/[\s\u200a]/g, "");

  /** When the last round of anchoring ended, in the server's words. */
  async function lastRound(): Promise<string> {
    const { checks } = dataOf(await send(server.url, { path: "/readyz" })) as { checks: { anchoring: Members } };
    return String(checks.anchoring.detail).match(/the last round ended at \S+/)![0];
  }

  const dialogOf = (page: Page) => page.getByRole("dialog", { name: "Make a checkpoint" });

  it("shows what would be closed, makes it, and shows it becoming VERIFIED without reloading", async () => {
    const page = await open("/checkpoints");
    await page.getByRole("button", { name: "Make a checkpoint" }).click();
    const dialog = dialogOf(page);
    expect(await dialog.getByRole("button", { name: "Make the checkpoint" }).isDisabled()).to.equal(true);
    await dialog.getByRole("combobox", { name: "Customer" }).fill("st_001");
    await page.getByRole("option", { name: CUSTOMER }).click();
    const preview = dialog.getByRole("status", { name: "What will be closed" });
    await preview.getByText(`${DELTAS}, from delta 1 on`).waitFor();
    const { computedBalanceExact } = await pac.balance.derive(CUSTOMER);
    expect((await preview.innerText()).replaceAll(/\s/g, "")).to.include(`Closingbalance${computedBalanceExact}`);
    await preview.getByText("This period is not over").waitFor();
    expect(await seriousFindings(page)).to.deep.equal([]);
    const loads = opened.requests.filter((url) => new URL(url).pathname === "/checkpoints").length;
    // Right after a round there is time to look before the next.
    const round = await lastRound();
    while ((await lastRound()) === round) await new Promise((resolve) => setTimeout(resolve, 20));
    await dialog.getByRole("button", { name: "Make the checkpoint" }).click();
    await page.getByRole("heading", { level: 1, name: `Statement ${month}` }).waitFor();
    await page.getByText("on its way; this page follows by itself").waitFor();
    const receipt = page.getByRole("button", { name: "Receipt" });
    expect(await receipt.isDisabled()).to.equal(true);
    await page.getByRole("region", { name: "What is stated" }).getByText("VERIFIED").waitFor();
    await page.getByRole("link", { name: /^Anchor \d/ }).waitFor();
    expect(await receipt.isEnabled()).to.equal(true);
    expect(opened.requests.filter((url) => new URL(url).pathname === "/checkpoints").length).to.equal(loads);
    await page.getByText("1 to 50 of 70 lines").waitFor();
    await page.getByRole("button", { name: "After" }).click();
    await page.getByText("51 to 70 of 70 lines").waitFor();
    expect(await seriousFindings(page)).to.deep.equal([]);
    opened.expectQuiet();
  });

  it("states balances that a double would cut, and copies them for the invoice", async () => {
    const page = await open(`/checkpoints/${later.checkpointId}`);
    await opened.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const closing = formatUnits(units(FIRST) + units(later.netChangeExact));
    const text = page.getByLabel("invoice text");
    await text.waitFor();
    const shown = await text.innerText();
    for (const part of [
      CUSTOMER,
      later.ledgerIdentifier,
      later.proofRoot,
      later.verifyUrl,
      later.netChangeExact,
      FIRST,
      closing,
    ])
      expect(shown).to.include(part);
    await page.getByRole("button", { name: "Copy the invoice text" }).click();
    await page.getByText("Copied", { exact: true }).waitFor();
    expect((await page.evaluate(() => navigator.clipboard.readText())).trimEnd()).to.equal(shown.trimEnd());
    expect(await page.locator("tbody tr").first().innerText()).to.match(/^2\s/);
    opened.expectQuiet();
  });

  it("gives a receipt that verifies, of what the page shows", async () => {
    const page = await open(`/checkpoints/${later.checkpointId}`);
    await page.getByRole("link", { name: /^Anchor \d/ }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Receipt" }).click(),
    ]);
    const { kind, steps, receipt } = verifyFile(readFileSync(await download.path()));
    expect(kind).to.equal("checkpoint");
    expect(steps.filter(({ outcome }) => outcome === "failed")).to.deep.equal([]);
    if (receipt?.kind !== "checkpoint") throw new Error("not a statement's receipt");
    expect(receipt.checkpoint.openingBalance).to.equal(units(FIRST));
    expect(receipt.deltas).to.have.length(later.deltasCount);
  });

  it("looks like a statement on paper, whatever the screen's colours are", async () => {
    const page = await open(`/checkpoints/${later.checkpointId}`, { colorScheme: "dark" });
    await page.getByLabel("invoice text").waitFor();
    await page.emulateMedia({ media: "print" });
    await page.getByText("Tallyroot statement").waitFor();
    await page.getByRole("img", { name: /^QR code/ }).waitFor();
    const printed = await page.getByRole("main").innerText();
    for (const part of [CUSTOMER, later.proofRoot, later.verifyUrl]) expect(printed).to.include(part);
    for (const hidden of ["Copy the invoice text", "Print", "Receipt"])
      expect(await page.getByRole("button", { name: hidden, exact: true }).isVisible(), hidden).to.equal(false);
    expect(await page.getByRole("navigation", { name: "Main" }).isVisible()).to.equal(false);
    const paper = await page.evaluate(() => {
      const { backgroundColor, color } = getComputedStyle(document.querySelector("section.surface")!);
      return [backgroundColor, color];
    });
    expect(paper).to.deep.equal(["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
    await picture(page, "statement-paper");
    expect((await page.pdf()).subarray(0, 5).toString()).to.equal("%PDF-");
  });

  it("does not make statements by being looked at", async () => {
    const before = (await pac.balance.listCheckpoints()).pagination.total;
    await pac.balance.emit({ customerId: CUSTOMER, delta: 1, reason: "late" });
    const page = await open(`/checkpoints/${later.checkpointId}`);
    await page.getByText("1 to 50 of 69 lines").waitFor();
    expect((await pac.balance.listCheckpoints()).pagination.total).to.equal(before);
  });

  it("lists by customer and period, both in the address, with exact balances", async () => {
    await pac.balance.checkpoint({ customerId: CUSTOMER, period: month });
    const page = await open(`/checkpoints?customerId=${CUSTOMER}`);
    const row = page.locator("tbody tr").filter({ has: page.locator(`a[href="/checkpoints/${later.checkpointId}"]`) });
    await row.waitFor();
    await page.getByRole("cell", { name: "…", exact: true }).waitFor({ state: "detached" });
    const shown = (await row.innerText()).replaceAll(/\s/g, "");
    expect(shown)
      .to.include(FIRST)
      .and.to.include(formatUnits(units(FIRST) + units(later.netChangeExact)));
    await page.getByRole("combobox", { name: "Period (UTC)" }).click();
    await page.getByRole("option", { name: "This month" }).click();
    await page.getByRole("link", { name: month, exact: true }).first().waitFor();
    expect(page.url()).to.equal(`${server.url}/checkpoints?customerId=${CUSTOMER}&period=${month}`);
    await page.reload();
    await page.getByRole("link", { name: month, exact: true }).first().waitFor();
    await row.waitFor();
    await page.getByRole("combobox", { name: "Period (UTC)" }).click();
    await page.getByRole("option", { name: "A month" }).click();
    await page.getByLabel("Month").fill("2020-02");
    await page.getByText("No checkpoint here").waitFor();
  });

  it("closes the month of every customer at once, and shows all of them by pages", async () => {
    const page = await open("/checkpoints");
    await page.getByRole("button", { name: "Make a checkpoint" }).click();
    await dialogOf(page).getByText("Every customer of the period").click();
    await dialogOf(page)
      .getByText(`each of the ${OTHERS + 1} customers`)
      .waitFor();
    await dialogOf(page).getByRole("button", { name: "Make the checkpoint" }).click();
    await page.getByRole("heading", { level: 1, name: `Checkpoints of ${month}` }).waitFor();
    await page.getByText(`1 to 25 of ${OTHERS + 1} statements`).waitFor();
    await page.getByRole("button", { name: "After" }).click();
    await page.getByText(`26 to 31 of ${OTHERS + 1} statements`).waitFor();
    await page.getByRole("status").getByText("VERIFIED").waitFor();
    await page.goto(`${server.url}/checkpoints`);
    await page.getByText(/^1 to 25 of \d+ checkpoints$/).waitFor();
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByText(/^26 to \d+ of \d+ checkpoints$/).waitFor();
    opened.expectQuiet();
  });

  it("says in words why a checkpoint cannot be made", async () => {
    const page = await open("/checkpoints");
    await page.getByRole("button", { name: "Make a checkpoint" }).click();
    const dialog = dialogOf(page);
    await dialog.getByText("Every customer of the period").click();
    await dialog.getByRole("combobox", { name: "Period (UTC)" }).click();
    await page.getByRole("option", { name: "A month" }).click();
    await dialog.getByLabel("Month").fill("2020-02");
    await dialog.getByRole("button", { name: "Make the checkpoint" }).click();
    await dialog.getByRole("alert").getByText("No customer has a delta in this window").waitFor();
    await dialog.getByLabel("Month").fill("2999-01");
    expect(await dialog.getByRole("alert").count()).to.equal(0);
    await dialog.getByRole("button", { name: "Make the checkpoint" }).click();
    await dialog.getByRole("alert").getByText("The window has not begun yet").waitFor();
    await dialog.getByRole("combobox", { name: "Period (UTC)" }).click();
    await page.getByRole("option", { name: "From day to day" }).click();
    await dialog.getByLabel("First day").fill("2026-02-02");
    await dialog.getByLabel("Last day").fill("2026-02-01");
    await dialog.getByText("The last day is before the first.").waitFor();
    expect(await dialog.getByRole("button", { name: "Make the checkpoint" }).isDisabled()).to.equal(true);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    const button = page.getByRole("button", { name: "Make a checkpoint" });
    await page.waitForFunction(() => document.activeElement?.textContent === "Make a checkpoint");
    expect(await button.isEnabled()).to.equal(true);
  });

  it("shows a key of one customer its own statements, and says why it makes none", async () => {
    const { apiKey } = await pac.keys.create({ scope: "read", customerId: CUSTOMER });
    opened = await signedIn(browser, server, apiKey!, { path: "/checkpoints", viewport: PHONE });
    const { page } = opened;
    await page.locator("tbody tr").first().waitFor();
    const customers = await page.locator("tbody tr td:nth-child(2)").allInnerTexts();
    expect(new Set(customers)).to.deep.equal(new Set([CUSTOMER]));
    expect(await page.getByRole("button", { name: "Make a checkpoint" }).isDisabled()).to.equal(true);
    await page.getByRole("note", { name: /reads only/ }).waitFor();
    await expectNoSideScroll(page);
    await page.goto(`${server.url}/checkpoints/${later.checkpointId}`);
    await page.getByText("1 to 50 of 69 lines").waitFor();
    await expectNoSideScroll(page);
    expect(await seriousFindings(page)).to.deep.equal([]);
    const [stranger] = (await pac.balance.listCheckpoints({ customerId: "other_1" })).checkpoints;
    await page.goto(`${server.url}/checkpoints/${stranger!.checkpointId}`);
    await page.getByRole("alert").getByText("There is nothing here").waitFor();
    opened.expectQuiet([/status of 404/]);
  });

  it("still states an erased customer's figures, without what was erased", async () => {
    await pac.balance.emitAndWait({ customerId: "gone", delta: FIRST, reason: "secret reason" });
    const cut = Date.now() + 1;
    while (Date.now() <= cut) await new Promise((resolve) => setTimeout(resolve, 2));
    await pac.balance.emitAndWait({ customerId: "gone", delta: "-1", reason: "secret reason" });
    const { checkpointId } = await pac.balance.checkpoint({
      customerId: "gone",
      startDate: new Date(cut),
      endDate: new Date(Date.now() + 1),
    });
    await pac.balance.eraseContent("gone");
    const page = await open(`/checkpoints/${checkpointId}`);
    await page.getByRole("link", { name: /^Anchor \d/ }).waitFor();
    await page.getByLabel("invoice text").waitFor();
    expect(await page.getByLabel("invoice text").innerText()).to.include(`${FIRST}\n`);
    const lines = await shownIn(page, "Lines");
    expect(lines).to.include("notdisclosed").and.to.not.include("secret");
    expect(lines).to.include("-1");
    opened.expectQuiet();
  });
});
