import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { expect } from "chai";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** A real Chromium, as Debian packages it. */
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The windows that screens are looked at in, in CSS pixels. */
export const DESK = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

const PICTURES = join(fileURLToPath(import.meta.url), "..", "..", "..", "cache", "screenshots");

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** A page, and what it did that nobody would see: errors, refusals by the content security policy, requests to strangers. */
export type WatchedPage = {
  page: Page;
  context: BrowserContext;
  /** Fails when the page complained, or asked anybody but these. What is expected to fail (a status, an address) is named. */
  expectQuiet(allowed?: readonly RegExp[]): void;
  /** Every URL that was asked for so far. */
  requests: readonly string[];
};

/**
 * Opens a page of its own, with nothing stored.
 *
 * @param hosts origins that it may ask: the server's, and an RPC endpoint's.
 */
export async function openPage(
  browser: Browser,
  hosts: readonly string[],
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: DESK, reducedMotion: "reduce", timezoneId: "UTC", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`));
  page.on("request", (request) => {
    requests.push(request.url());
    const { origin, protocol } = new URL(request.url());
    if (!["data:", "blob:", "file:"].includes(protocol) && !hosts.includes(origin))
      complaints.push(`asked ${request.url()}`);
  });
  return {
    page,
    context,
    requests,
    expectQuiet(allowed = []) {
      const unexpected = complaints.filter((complaint) => !allowed.some((pattern) => pattern.test(complaint)));
      expect(unexpected, "complaints of the page").to.deep.equal([]);
    },
  };
}

type Server = { url: string };

/** A page of somebody who signed in with a key, by the link that brings one. */
export async function signedIn(
  browser: Browser,
  server: Server,
  apiKey: string,
  { path = "/", ...options }: BrowserContextOptions & { path?: string } = {},
): Promise<WatchedPage> {
  const watched = await openPage(browser, [server.url], options);
  await watched.page.goto(`${server.url}${path}#key=${apiKey}`);
  await watched.page.getByRole("heading", { level: 1 }).waitFor();
  return watched;
}

type Finding = { rule: string; impact: string; what: string; where: string[] };

/** What axe finds on the page as it is, of WCAG 2.2 A and AA and of its best practices; serious and critical findings only. */
export async function seriousFindings(page: Page): Promise<Finding[]> {
  // Evaluated through the debugger, not as a script of the page: its content security policy holds.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    type Result = {
      id: string;
      impact: string | null;
      help: string;
      nodes: { target: unknown[]; failureSummary?: string }[];
    };
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Result[] }> } };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, impact, help, nodes }) => ({
        rule: id,
        impact: String(impact),
        what: help,
        where: nodes.map(({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary ?? ""}`),
      }));
  });
}

/** Takes a picture of the whole page into cache/screenshots, for people to look at. */
export async function picture(page: Page, name: string): Promise<string> {
  mkdirSync(PICTURES, { recursive: true });
  const file = join(PICTURES, `${name}.png`);
  await page.screenshot({ path: file, fullPage: true });
  return file;
}

/** No part of the page is wider than its window. */
export async function expectNoSideScroll(page: Page): Promise<void> {
  const [content, room] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(content, "width of the content").to.be.at.most(room!);
}
