import type { Page } from "playwright-core";
import { LONG, startBank } from "./bank.ts";
import { openBrowser, signedIn } from "./ground.ts";
import { sequences } from "./ledger-page.ts";

/**
 * Measures how long each screen takes from the click to where it can be used, with the bank's 591 customers and a ledger of 100,000 deltas on
 * record: `node test/browser/usable.ts`. Timings depend on the machine and what else it does, so no test asserts them.
 */

const TIMES = 5;
const SCREENS: readonly [name: string, path: string, ready: (page: Page) => Promise<unknown>][] = [
  ["Customer Ledgers", "/ledgers", (page) => page.locator("tbody tr").nth(20).waitFor()],
  ["Compare", "/compare", (page) => page.getByRole("heading", { name: "Theirs" }).waitFor()],
  [
    "Checkpoints",
    "/checkpoints",
    (page) =>
      page
        .getByText(/VERIFIED|PROCESSING|QUEUED/)
        .first()
        .waitFor(),
  ],
  ["Anchors", "/log", (page) => page.locator("tbody tr").first().waitFor()],
  ["Webhooks", "/webhooks", (page) => page.getByRole("heading", { name: "Deliveries" }).waitFor()],
  ["API keys", "/keys", (page) => page.locator("tbody tr").first().waitFor()],
  ["Settings", "/settings", (page) => page.getByText("Colours").first().waitFor()],
  ["Overview", "/", (page) => page.getByText("Net balance").waitFor()],
];

const waiting = setInterval(() => {}, 1000);
const [browser, bank] = await Promise.all([openBrowser(), startBank({ long: 100_000 })]);
await bank.pac.balance.checkpoint({ customerId: LONG, period: new Date().toISOString().slice(0, 7) });
const took = new Map<string, number[]>();
for (let i = 0; i < TIMES; i++) {
  // A page of its own each time: nothing is cached.
  const { page, context } = await signedIn(browser, bank.server, bank.apiKey);
  const note = async (name: string, act: () => Promise<unknown>, ready: (page: Page) => Promise<unknown>) => {
    const began = performance.now();
    await act();
    await ready(page);
    took.set(name, [...(took.get(name) ?? []), Math.round(performance.now() - began)]);
  };
  const menu = page.getByRole("navigation", { name: "Main" });
  for (const [name, , ready] of SCREENS)
    await note(name, () => menu.getByRole("link", { name, exact: true }).click(), ready);
  await page.goto(`${bank.server.url}/ledgers?search=${LONG}`);
  await page.getByRole("link", { name: LONG }).waitFor();
  await note(
    "A ledger of 100,000",
    () => page.getByRole("link", { name: LONG }).click(),
    async () => {
      await sequences(page);
      await page.locator("path.recharts-area-curve").waitFor();
    },
  );
  for (const [name, path, ready] of SCREENS)
    await note(`${name}, loaded anew`, () => page.goto(bank.server.url + path), ready);
  await context.close();
}
for (const [name, all] of took) {
  const sorted = all.toSorted((a, b) => a - b);
  process.stdout.write(`${name.padEnd(34)}median ${sorted[Math.floor(TIMES / 2)]} ms  (${all.join(", ")})\n`);
}
await browser.close();
await bank.stop();
clearInterval(waiting);
