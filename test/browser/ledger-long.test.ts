import { expect } from "chai";
import type { Browser } from "playwright-core";
import { formatAmount, parseAmount } from "#src/core/amount.ts";
import { type BankServer, LONG, startBank } from "./bank.ts";
import { openBrowser, signedIn } from "./ground.ts";
import { countdown, saved, sequences } from "./ledger-page.ts";

const DELTAS = process.env.CI ? 100_000 : 5_000;
/** Answers that the page of a ledger needs before it is there, and the bytes of all of them, however long the ledger is. */
const MOST_ANSWERS = 16;
const MOST_BYTES = 100_000;
/** Deltas that one request of a saving fetches. */
const PER_REQUEST = 1000;

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

  it("is there with a few small answers, whatever its length: figures, chart and newest deltas", async () => {
    const { page, context } = await signedIn(browser, bank.server, bank.apiKey, { path: "/ledgers" });
    await page.getByRole("link", { name: LONG }).waitFor();
    const sizes: Promise<number>[] = [];
    page.on("response", (answer) => {
      if (answer.url().includes("/api/v1/")) sizes.push(answer.body().then((body) => body.length));
    });
    await page.getByRole("link", { name: LONG }).click();
    await Promise.all([sequences(page), page.locator("path.recharts-area-curve").waitFor()]);
    expect((await sequences(page))[0]).to.equal(DELTAS);
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(sizes.length, "answers").to.be.at.most(MOST_ANSWERS);
    expect(bytes, "bytes of answers").to.be.at.most(MOST_BYTES);
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
    // What is drawn above the button moves it away from under the pointer.
    await Promise.all([sequences(page), page.locator("path.recharts-area-curve").waitFor()]);
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
      const scope = window as unknown as { turns: number };
      scope.turns = 0;
      setInterval(() => {
        scope.turns += 1;
      }, 0);
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
    // Whoever clicks meanwhile has a turn after every page that was fetched.
    const turns = await page.evaluate(() => (window as unknown as { turns: number }).turns);
    expect(turns, "turns of others").to.be.at.least(DELTAS / PER_REQUEST);
    expect(downloads, "downloads: the one that was not cancelled").to.equal(1);
    expectQuiet();
    await context.close();
  });
});
