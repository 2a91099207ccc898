import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import type * as Verifying from "#src/sdk/verify.ts";
import { type LyingEndpoint, startLyingEndpoint, TRUTH } from "#test/witness/lying-endpoint.ts";
import { type Ground, startGround } from "./ground.ts";

/** A real Chromium, as Debian packages it. */
const CHROMIUM = { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox"] };

/** What the page comes to: the steps' outcomes, or what was thrown. */
type Said = { outcomes: string[] } | { name: string; code: string; message: string };

describe("verifying in a browser", () => {
  let ground: Ground;
  let liar: LyingEndpoint;
  let browser: Browser;
  let page: Page;
  let file: string;

  before(async () => {
    [ground, browser] = await Promise.all([startGround(), chromium.launch(CHROMIUM)]);
    liar = await startLyingEndpoint(ground.server.rpcUrl);
    const pac = ground.client();
    const { receiptId } = await pac.balance.emitAndWait({ customerId: "a", delta: 1, reason: "r" });
    file = new TextDecoder().decode(await pac.balance.receipts.file(receiptId));
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(import.meta.resolve("#src/sdk/verify.ts"))],
      bundle: true,
      format: "iife",
      globalName: "verifying",
      platform: "browser",
      target: "es2022",
      write: false,
    });
    page = await browser.newPage();
    // A page of the endpoint's own origin, which may ask it.
    await page.route(`${liar.url}/page`, (route) => route.fulfill({ contentType: "text/html", body: "<p>" }));
    await page.goto(`${liar.url}/page`);
    await page.addScriptTag({ content: outputFiles[0]!.text });
  });
  beforeEach(() => {
    liar.lie = () => undefined;
  });
  after(async () => {
    await browser?.close();
    liar?.stop();
    await ground?.stop();
  });

  function said(rpc: string): Promise<Said> {
    return page.evaluate(
      async ({ receipt, policy, rpc }) => {
        const { verifyReceipt } = (globalThis as unknown as { verifying: typeof Verifying }).verifying;
        try {
          const { steps } = await verifyReceipt(receipt, { policy, rpc });
          return { outcomes: steps.map(({ outcome }) => outcome) };
        } catch (error) {
          const { name, code, message } = error as Error & { code: string };
          return { name, code, message };
        }
      },
      { receipt: file, policy: ground.policy, rpc },
    );
  }

  it("does all six steps, and sends the credentials of an endpoint's URL where they belong", async () => {
    const url = liar.url.replace("//", "//me:p%40ss@");
    expect(await said(url)).to.deep.equal({ outcomes: Array(6).fill("passed") });
    expect(liar.headers.authorization).to.equal(`Basic ${Buffer.from("me:p@ss").toString("base64")}`);
  });

  it("follows an endpoint nowhere, though a browser does not show where it leads", async () => {
    liar.lie = () => ({ status: 307, body: "", headers: { location: TRUTH } });
    const message = `endpoint at ${liar.url} does not answer: redirects`;
    expect(await said(liar.url)).to.deep.equal({ name: "TallyrootConnectionError", code: "NO_ANSWER", message });
  });

  it("names an endpoint where nobody is", async () => {
    const message = "endpoint at http://127.0.0.1:1 does not answer: Failed to fetch";
    expect(await said("http://127.0.0.1:1/key-of-mine")).to.include({ name: "TallyrootConnectionError", message });
  });
});
