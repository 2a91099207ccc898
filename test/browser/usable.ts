import type { Page } from "playwright-core";
import { LONG, startBank } from "./bank.ts";
import { openBrowser, signedIn } from "./ground.ts";

/**
 * Measures how long each screen takes from the click to where it can be used, with the bank's 591 customers and a ledger of 100,000 deltas on
 * record: `node test/browser/usable.ts`. Timings depend on the machine and what else it does, so no test asserts them.
 */

const TIMES = 5;

/** What is on a screen once it can be used, as a selector and a text within; looked for at every frame, since a slower look would be what is measured. */
type Ready = readonly [selector: string, text: string][];
const SCREENS: readonly (readonly [name: string, path: string, ready: Ready])[] = [
  ["Customer Ledgers", "/ledgers", [["tbody tr:nth-child(20)", ""]]],
  ["Compare", "/compare", [["main", "Theirs"]]],
  ["Checkpoints", "/checkpoints", [["main tbody tr", LONG]]],
  ["Anchors", "/log", [["main tbody tr", "CONFIRMED"]]],
  ["Webhooks", "/webhooks", [["main", "Deliveries"]]],
  ["API keys", "/keys", [["main tbody tr", "admin"]]],
  ["Settings", "/settings", [["main", "Largest amount"]]],
  ["Overview", "/", [["main", "Net balance"]]],
];
const LEDGER: Ready = [
  ["main tbody tr", "100000"],
  ["path.recharts-area-curve", ""],
];

async function seen(page: Page, ready: Ready): Promise<void> {
  await page.waitForFunction(
    (all) =>
      all.every(([selector, text]) =>
        [...document.querySelectorAll(selector)].some((found) => found.textContent?.includes(text)),
      ),
    ready,
    { polling: "raf" },
  );
}

const waiting = setInterval(() => {}, 1000);
const [browser, bank] = await Promise.all([openBrowser(), startBank({ long: 100_000 })]);
await bank.pac.balance.checkpoint({ customerId: LONG, period: new Date().toISOString().slice(0, 7) });
const took = new Map<string, number[]>();
for (let i = 0; i < TIMES; i++) {
  // A page of its own each time: nothing is cached.
  const { page, context } = await signedIn(browser, bank.server, bank.apiKey);
  const note = async (name: string, act: () => Promise<unknown>, ready: Ready) => {
    const began = performance.now();
    await act();
    await seen(page, ready);
    took.set(name, [...(took.get(name) ?? []), Math.round(performance.now() - began)]);
  };
  const menu = page.getByRole("navigation", { name: "Main" });
  for (const [name, , ready] of SCREENS)
    await note(name, () => menu.getByRole("link", { name, exact: true }).click(), ready);
  await page.goto(`${bank.server.url}/ledgers?search=${LONG}`);
  await page.getByRole("link", { name: LONG }).waitFor();
  await note("A ledger of 100,000", () => page.getByRole("link", { name: LONG }).click(), LEDGER);
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
