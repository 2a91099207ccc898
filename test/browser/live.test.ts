import { expect } from "chai";
import type { Browser, CDPSession, Page } from "playwright-core";
import { type BankServer, LONG, startBank } from "./bank.ts";
import { openBrowser, signedIn } from "./ground.ts";

/** Milliseconds between two looks of the page. */
const LIVE_MS = 2000;
const UPDATES = process.env.CI ? 1000 : 100;
/** Looks before the first measurement: caches fill and code is compiled, which levels off after some 250. */
const WARM = process.env.CI ? 300 : 100;
/** Bytes of live objects that may have come meanwhile, as a part of what there was. A leak of 2 KB an update is more, in a thousand. */
const HEAP_ROOM = process.env.CI ? 0.1 : 0.25;

const MEASUREMENTS = 8;

/** What of the page stays after the garbage has gone. */
type Kept = { heap: number; nodes: number; listeners: number };

describe("a page that is left open", () => {
  let browser: Browser;
  let bank: BankServer;

  before(async function () {
    this.timeout(60_000);
    [browser, bank] = await Promise.all([openBrowser(), startBank({ accounts: 40, long: 300 })]);
  });
  after(async () => {
    await browser?.close();
    await bank?.stop();
  });

  for (const path of ["/", `/ledgers/${LONG}`]) {
    it(`does not grow over ${UPDATES} live updates: ${path}`, async function () {
      this.timeout(1_200_000);
      const { page, context, requests } = await signedIn(browser, bank.server, bank.apiKey, { path });
      await page
        .getByRole("main")
        .getByText(/VERIFIED|Net balance/)
        .first()
        .waitFor();
      const devtools = await context.newCDPSession(page);
      await page.clock.install();
      await look(page, WARM);
      const before = await leastKept(page, devtools);
      const asked = requests.length;
      await look(page, UPDATES);
      const after = await leastKept(page, devtools);
      expect(requests.length - asked, "questions asked meanwhile").to.be.at.least(UPDATES);
      expect(after.heap, "bytes of live objects").to.be.below(before.heap * (1 + HEAP_ROOM));
      expect(after.nodes, "nodes").to.be.below(before.nodes * 1.1 + 200);
      expect(after.listeners, "event listeners").to.be.below(before.listeners * 1.1 + 50);
      await context.close();
    });
  }
});

/** Lets the page's own clock run from one look to the next, and waits for what it asked. */
async function look(page: Page, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const answered = page.waitForResponse((response) => response.url().includes("/api/v1/"));
    await page.clock.runFor(LIVE_MS);
    await answered;
  }
}

/** The least of several looks: an answer that is just being shown is there twice, before and after. */
async function leastKept(page: Page, devtools: CDPSession): Promise<Kept> {
  const all: Kept[] = [];
  for (let i = 0; i < MEASUREMENTS; i++) {
    await look(page, 1);
    all.push(await kept(devtools));
  }
  const least = (name: keyof Kept) => Math.min(...all.map((one) => one[name]));
  return { heap: least("heap"), nodes: least("nodes"), listeners: least("listeners") };
}

async function kept(devtools: CDPSession): Promise<Kept> {
  for (let i = 0; i < 3; i++) await devtools.send("HeapProfiler.collectGarbage");
  await devtools.send("Performance.enable");
  const { metrics } = await devtools.send("Performance.getMetrics");
  const of = (name: string) => metrics.find((metric) => metric.name === name)!.value;
  return { heap: of("JSHeapUsedSize"), nodes: of("Nodes"), listeners: of("JSEventListeners") };
}
