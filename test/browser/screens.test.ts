import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { type BankServer, LONG, startBank } from "./bank.ts";
import {
  DESK,
  expectNoSideScroll,
  openBrowser,
  openPage,
  PHONE,
  picture,
  seriousFindings,
  signedIn,
} from "./ground.ts";

/** Rows beyond which a list is not a page any more. */
const MOST_ROWS = 120;

/** Bytes over the wire, compressed as a browser asks for it, until the first screen is there. */
const FIRST_LOAD = 250_000;

/** Every screen, and what is on it once it is there. A path may need what the record has. */
type Shown = { name: string; path: (bank: Facts) => string; ready: string | RegExp; public?: true };
type Facts = { checkpointId: string; receiptId: string };

const SCREENS: readonly Shown[] = [
  { name: "overview", path: () => "/", ready: /Net balance/ },
  { name: "ledgers", path: () => "/ledgers", ready: /acct_|meter_/ },
  { name: "ledger", path: () => `/ledgers/${LONG}`, ready: /VERIFIED/ },
  { name: "compare", path: () => "/compare", ready: "Compare" },
  { name: "checkpoints", path: () => "/checkpoints", ready: /VERIFIED|PROCESSING|QUEUED/ },
  { name: "checkpoint", path: ({ checkpointId }) => `/checkpoints/${checkpointId}`, ready: /VERIFIED/ },
  { name: "anchors", path: () => "/log", ready: /CONFIRMED|confirmed/ },
  { name: "webhooks", path: () => "/webhooks", ready: "Webhooks" },
  { name: "keys", path: () => "/keys", ready: /admin/ },
  { name: "settings", path: () => "/settings", ready: "Settings" },
  { name: "verify", path: () => "/verify", ready: /receipt/i, public: true },
  { name: "verified", path: ({ receiptId }) => `/verify/${receiptId}`, ready: /VERIFIED/, public: true },
  { name: "public-anchors", path: () => "/anchors", ready: /Anchors/, public: true },
  { name: "public-anchor", path: () => "/anchors/1", ready: /Anchor 1/, public: true },
  { name: "contract", path: () => "/contract", ready: /Contract/, public: true },
];

type Look = { look: string; colorScheme: "light" | "dark"; viewport: { width: number; height: number } };

/** Three in continuous integration; at hand the first, which takes its half minute. */
const LOOKS: readonly Look[] = (
  [
    { look: "light", colorScheme: "light", viewport: DESK },
    { look: "dark", colorScheme: "dark", viewport: DESK },
    { look: "phone", colorScheme: "light", viewport: PHONE },
  ] as const
).slice(0, process.env.CI ? 3 : 1);

describe("every screen", () => {
  let browser: Browser;
  let bank: BankServer;
  let facts: Facts;

  before(async function () {
    this.timeout(120_000);
    [browser, bank] = await Promise.all([
      openBrowser(),
      startBank({ accounts: process.env.CI ? 591 : 40, long: process.env.CI ? 100_000 : 2_000 }),
    ]);
    const { pac } = bank;
    const month = new Date().toISOString().slice(0, 7);
    const statement = await pac.balance.checkpoint({ customerId: LONG, period: month });
    const delta = await pac.balance.emitAndWait({ customerId: "acct_1", delta: "-12.5", reason: "usage_charge" });
    facts = { checkpointId: statement.checkpointId, receiptId: delta.receiptId };
  });
  after(async () => {
    await browser?.close();
    await bank?.stop();
  });

  async function open(shown: Shown, look: Look) {
    const { server, apiKey } = bank;
    const path = shown.path(facts);
    const options = { colorScheme: look.colorScheme, viewport: look.viewport };
    if (!shown.public) return signedIn(browser, server, apiKey, { path, ...options });
    const watched = await openPage(browser, [server.url, new URL(server.rpcUrl).origin], options);
    await watched.page.goto(server.url + path);
    return watched;
  }

  for (const look of LOOKS) {
    for (const shown of SCREENS) {
      it(`${shown.name} in ${look.look} is there, is accessible, and is no wider than its window`, async function () {
        this.timeout(60_000);
        const watched = await open(shown, look);
        const { page, context } = watched;
        await page.getByRole("main").getByText(shown.ready).first().waitFor();
        await page.waitForFunction(() => document.querySelectorAll("[aria-label=loading]").length === 0);
        expect(await seriousFindings(page)).to.deep.equal([]);
        await expectNoSideScroll(page);
        await expectHeadings(page);
        expect(await page.locator("tbody tr").count(), "rows in the page").to.be.at.most(MOST_ROWS);
        await picture(page, `${shown.name}-${look.look}`);
        watched.expectQuiet();
        await context.close();
      });
    }
  }

  it(`begins with at most ${FIRST_LOAD / 1000} KB`, async () => {
    const { page, context } = await openPage(browser, [bank.server.url]);
    const sizes: Promise<number>[] = [];
    page.on("requestfinished", (request) => {
      sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    });
    await page.goto(`${bank.server.url}/#key=${bank.apiKey}`);
    await page.getByText("Net balance").waitFor();
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(sizes.length, "files and answers").to.be.at.least(5);
    expect(bytes, "bytes over the wire").to.be.within(100_000, FIRST_LOAD);
    await context.close();
  });

  it("goes from screen to screen by the sidebar, with the keyboard at the new heading", async () => {
    const { page, expectQuiet, context } = await signedIn(browser, bank.server, bank.apiKey);
    const places = await page.getByRole("navigation", { name: "Main" }).getByRole("link").allTextContents();
    expect(places).to.deep.equal([
      "Overview",
      "Customer Ledgers",
      "Compare",
      "Checkpoints",
      "Anchors",
      "Webhooks",
      "API keys",
      "Settings",
      "Verify a receipt",
    ]);
    for (const place of places.slice(1, -1)) {
      await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: place, exact: true }).click();
      const heading = page.getByRole("heading", { level: 1, name: place });
      await heading.waitFor();
      expect(await page.title()).to.equal(`${place} · Tallyroot`);
      expect(await page.evaluate(() => document.activeElement?.tagName), place).to.equal("H1");
    }
    expectQuiet();
    await context.close();
  });

  it("opens and closes the menu on a phone", async () => {
    const { page, context } = await signedIn(browser, bank.server, bank.apiKey, { viewport: PHONE });
    const link = page.getByRole("link", { name: "Compare", exact: true });
    expect(await link.isVisible()).to.equal(false);
    await page.getByRole("button", { name: "open menu" }).click();
    await link.click();
    await page.getByRole("heading", { level: 1, name: "Compare" }).waitFor();
    await page.waitForFunction(
      () => (document.querySelector("nav[aria-label=Main]")?.getBoundingClientRect().right ?? 1) <= 0,
    );
    await context.close();
  });
});

/** One h1, and none of the levels below it left out. */
async function expectHeadings(page: Page): Promise<void> {
  const levels = await page.evaluate(() =>
    [...document.querySelectorAll("h1,h2,h3,h4")].filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1])),
  );
  expect(levels.filter((level) => level === 1)).to.have.length(1);
  for (const [i, level] of levels.entries()) if (i > 0) expect(level).to.be.at.most(levels[i - 1]! + 1);
}
