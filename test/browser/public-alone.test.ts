import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import type { EmbeddedChain } from "#src/chain/embedded/start.ts";
import { type EvidenceGround, startEvidenceGround } from "#test/cli/verify-ground.ts";
import { openBrowser, openPage, type WatchedPage } from "./ground.ts";
import { askEndpoints, chainOf, giveFile, outcomeOf, wordsOf } from "./public-ground.ts";

/** What remains when the server is gone: pages that were opened before, and pages that were saved. */

describe("the public page without its server", function () {
  this.timeout(90_000);
  let browser: Browser;
  let ground: EvidenceGround;
  let chain: EmbeddedChain | undefined;
  /** Opened while the server was there. */
  let empty: WatchedPage;
  let seen: WatchedPage;
  let saved: string;

  before(async () => {
    [browser, ground] = await Promise.all([openBrowser(), startEvidenceGround()]);
    const { url, rpcUrl } = ground.server;
    [empty, seen] = await Promise.all([openPage(browser, [url, rpcUrl]), openPage(browser, [url, rpcUrl])]);
    // Whatever it asks for at once, it has.
    await empty.page.goto(`${url}/verify`, { waitUntil: "networkidle" });
    await seen.page.goto(`${url}/verify/${ground.delta.receiptId}`);
    await outcomeOf(seen.page);
    await ground.server.stop();
    chain = await chainOf(ground.server);
  });
  after(async () => {
    await browser?.close();
    await chain?.stop();
    await ground?.stop();
  });

  const file = (name: string) => readFileSync(join(ground.folder, name));

  async function save(page: Page, name: string): Promise<string> {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save this page with its evidence" }).click(),
    ]);
    expect(download.suggestedFilename()).to.match(/^verification-.*\.html$/);
    const path = join(ground.folder, name);
    await download.saveAs(path);
    return path;
  }

  /** Opened from the disk: only the chain may be asked. */
  async function openSaved(path: string): Promise<WatchedPage> {
    const watched = await openPage(browser, [ground.server.rpcUrl]);
    await watched.page.goto(pathToFileURL(path).href);
    return watched;
  }

  it("says that the server does not answer, and that the file needs none", async () => {
    const { page } = empty;
    await page.getByLabel("Or a fingerprint").fill(ground.checkpoint.proofRoot);
    await page.getByRole("button", { name: "Verify", exact: true }).click();
    await page.getByText("The server does not answer").waitFor();
    const alert = await page.getByRole("alert").innerText();
    expect(alert).to.contain("this page needs no server to verify it");
  });

  it("verifies a receipt file against the chain alone", async () => {
    const { page } = empty;
    await giveFile(page, "checkpoint.json", file("checkpoint.json"));
    expect((await outcomeOf(page)).verdict).to.equal("verified");
  });

  it("saves the page with its evidence, which verifies again from the disk", async () => {
    saved = await save(seen.page, "saved.html");
    const { page, context, requests, expectQuiet } = await openSaved(saved);
    const { verdict, steps } = await outcomeOf(page);
    expect(verdict).to.equal("verified");
    expect(steps).to.deep.equal(["passed", "skipped", "passed", "passed", "passed", "passed"]);
    await page.getByText("the server's word when this page was saved").first().waitFor();
    expect(Object.values(await wordsOf(page))).to.include("page");
    const asked = requests.filter((url) => !url.startsWith("file:") && !url.startsWith("data:"));
    expect(new Set(asked.map((url) => new URL(url).origin))).to.deep.equal(new Set([ground.server.rpcUrl]));
    expectQuiet();
    await context.close();
  });

  it("saves a saved page again, which verifies as well", async () => {
    const first = await openSaved(saved);
    await outcomeOf(first.page);
    const again = await save(first.page, "saved-again.html");
    await first.context.close();
    const { page, context, expectQuiet } = await openSaved(again);
    expect((await outcomeOf(page)).verdict).to.equal("verified");
    expectQuiet();
    await context.close();
  });

  it("believes a saved page's evidence no more than any other: one changed byte is refused", async () => {
    const text = readFileSync(saved, "utf8");
    const element = /(<script type="application\/json" id="tallyroot-evidence">)(.*?)(<\/script>)/s;
    const evidence = JSON.parse(element.exec(text)![2]!);
    const receipt = JSON.parse(Buffer.from(evidence.base64, "base64").toString());
    receipt.delta.amount = String(BigInt(receipt.delta.amount) + 1n);
    evidence.base64 = Buffer.from(JSON.stringify(receipt)).toString("base64");
    ground.write(
      "forged.html",
      text.replace(element, (_, open, __, close) => open + JSON.stringify(evidence) + close),
    );
    const { page, context } = await openSaved(join(ground.folder, "forged.html"));
    const { verdict, text: words } = await outcomeOf(page);
    expect(verdict).to.equal("refused");
    expect(words).to.contain("NOT VERIFIED at step 3");
    await context.close();
  });

  it("runs no script of the evidence, whatever a file is called and says", async () => {
    const { page } = empty;
    const script = "</script><script>document.title = 'taken over'</script><!--<script>";
    const open = ground.json("open.json");
    open.content.reason = script;
    await giveFile(page, `${script}.json`, JSON.stringify(open));
    await page.locator("[data-verdict=refused]").waitFor();
    const path = await save(page, "hostile.html");
    const { page: hostile, context, expectQuiet } = await openSaved(path);
    expect((await outcomeOf(hostile)).text).to.contain("NOT VERIFIED at step");
    expect(await hostile.title()).not.to.contain("taken over");
    expectQuiet();
    await context.close();
  });

  it("checks as far as it can once the chain is gone too", async () => {
    await chain?.stop();
    chain = undefined;
    const { page, context } = await openSaved(saved);
    const { verdict, text } = await outcomeOf(page);
    expect(verdict).to.equal("as-far");
    expect(text).to.contain("did not answer");
    await askEndpoints(page);
    await page.getByText("No endpoint of the chain was given").waitFor();
    await context.close();
  });
});
