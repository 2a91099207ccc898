import { availableParallelism, loadavg } from "node:os";
import { expect } from "chai";
import type { Browser } from "playwright-core";
import { formatAmount, parseAmount } from "#src/core/amount.ts";
import { type BankServer, LONG, startBank } from "./bank.ts";
import { openBrowser, signedIn } from "./ground.ts";
import { countdown, saved, sequences } from "./ledger-page.ts";

const DELTAS = process.env.CI ? 100_000 : 5_000;
/** Milliseconds within which a ledger is there to be used, however long it is. */
const USABLE_MS = 1000;
/** Milliseconds for which a page may not answer while it works: beyond, people think that it hangs. */
const FROZEN_MS = 400;
/** Tries of which the best counts. */
const TRIES = 4;

/** How many want a core for each that there is: what else the machine does is not the page's fault. */
function crowd(): number {
  return Math.max(1, loadavg()[0]! / availableParallelism());
}

describe(`a ledger of ${DELTAS} deltas`, () => {
  let browser: Browser;
  let bank: BankServer;

  before(async function () {
    this.timeout(180_000);
    [browser, bank] = await Promise.all([openBrowser(), startBank({ accounts: 2, long: DELTAS })]);
  });
  after(async () => {
    await browser?.close();
    await bank?.stop();
  });

  it(`is there within ${USABLE_MS} ms of the click: figures, chart and newest deltas`, async function () {
    this.timeout(120_000);
    const { page, context } = await signedIn(browser, bank.server, bank.apiKey, { path: "/ledgers" });
    const took: number[] = [];
    for (let i = 0; i < TRIES; i++) {
      await page.getByRole("link", { name: LONG }).waitFor();
      const began = performance.now();
      await page.getByRole("link", { name: LONG }).click();
      await Promise.all([sequences(page), page.locator("path.recharts-area-curve").waitFor()]);
      took.push(performance.now() - began);
      expect((await sequences(page))[0]).to.equal(DELTAS);
      await page.goBack();
      // What was fetched is not kept for the next try.
      await page.reload();
    }
    expect(Math.min(...took), `milliseconds, of ${took.map(Math.round).join(", ")}`).to.be.below(USABLE_MS * crowd());
    await context.close();
  });

  it("is paged from its newest delta to its oldest without a page in between", async () => {
    const { page, context } = await signedIn(browser, bank.server, bank.apiKey, { path: `/ledgers/${LONG}` });
    await sequences(page);
    await page.getByRole("button", { name: "Oldest" }).click();
    await page.getByText(`1 to 25 of ${DELTAS.toLocaleString("en")} deltas`).waitFor();
    expect(await sequences(page)).to.deep.equal(countdown(25, 1));
    await context.close();
  });

  it("is saved as CSV to the last delta while the page goes on answering; a saving can be cancelled", async function () {
    this.timeout(180_000);
    const { page, context, expectQuiet } = await signedIn(browser, bank.server, bank.apiKey, {
      path: `/ledgers/${LONG}`,
    });
    const slowly = (url: URL) => url.searchParams.has("cursor");
    await page.route(slowly, async (route) => {
      await page.waitForTimeout(300);
      await route.continue();
    });
    await page.getByRole("button", { name: "CSV" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText(`1,000 of ${DELTAS.toLocaleString("en")} deltas`).waitFor();
    let downloads = 0;
    page.on("download", () => {
      downloads += 1;
    });
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.unrouteAll({ behavior: "ignoreErrors" });

    await page.evaluate(() => {
      const scope = window as unknown as { frozen: number };
      scope.frozen = 0;
      let before = performance.now();
      setInterval(() => {
        scope.frozen = Math.max(scope.frozen, performance.now() - before);
        before = performance.now();
      }, 10);
    });
    await page.getByRole("button", { name: "CSV" }).click();
    page.setDefaultTimeout(150_000);
    const { bytes } = await saved(page, "Save");
    const lines = bytes.toString("utf8").split("\r\n").slice(1, -1);
    expect(lines).to.have.length(DELTAS);
    const cells = lines.map((line) => line.split(","));
    expect(cells.every(([sequence], i) => Number(sequence) === i + 1)).to.equal(true);
    const sum = cells.reduce((total, [, , delta]) => total + parseAmount(delta!), 0n);
    expect(formatAmount(sum)).to.equal((await bank.pac.balance.derive(LONG, { limit: 1 })).computedBalanceExact);
    expect(await page.evaluate(() => (window as unknown as { frozen: number }).frozen)).to.be.below(
      FROZEN_MS * crowd(),
    );
    expect(downloads, "downloads: the one that was not cancelled").to.equal(1);
    expectQuiet();
    await context.close();
  });
});
