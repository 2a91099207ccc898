import { readFileSync } from "node:fs";
import type { Download, Page } from "playwright-core";

/** What a test reads off a ledger's page. */

/** The sequences in the list of deltas, in its order, once the list is not changing any more. */
export async function sequences(page: Page): Promise<number[]> {
  const list = page.getByRole("region", { name: "Deltas" });
  await list.locator("[aria-busy=false] tbody tr").first().waitFor();
  return (await list.locator("tbody th").allTextContents()).map(Number);
}

/** What stands under a name, without the room between its digits. */
export async function figure(page: Page, name: string): Promise<string> {
  const term = page.locator("dt", { hasText: new RegExp(`^${name}$`) }).first();
  return (await term.locator("+ dd").textContent())!.trim();
}

/** `from` down to `to`, both of them in it. */
export function countdown(from: number, to: number): number[] {
  return Array.from({ length: from - to + 1 }, (_, i) => from - i);
}

/** Asks for a file in the dialog that is open, by one of its buttons. */
export async function saved(page: Page, button: string): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("dialog").getByRole("button", { name: button, exact: true }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await bytesOf(download) };
}

async function bytesOf(download: Download): Promise<Buffer> {
  return readFileSync(await download.path());
}
