import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { Browser } from "playwright-core";
import { anchorLogCodeHash } from "#src/contracts.ts";
import { formatAmount } from "#src/core/amount.ts";
import { type EvidenceGround, startEvidenceGround } from "#test/cli/verify-ground.ts";
import { expectNoSideScroll, openBrowser, openPage, PHONE, picture, seriousFindings } from "./ground.ts";
import { giveFile, outcomeOf, wordsOf } from "./public-ground.ts";

const SIX = ["passed", "skipped", "passed", "passed", "passed", "passed"];

describe("the public page of verification", function () {
  this.timeout(60_000);
  let browser: Browser;
  let ground: EvidenceGround;

  before(async () => {
    [browser, ground] = await Promise.all([openBrowser(), startEvidenceGround()]);
  });
  after(async () => {
    await browser?.close();
    await ground?.stop();
  });

  const hosts = () => [ground.server.url, ground.server.rpcUrl];
  const urlOf = (fingerprint: string) => `${ground.server.url}/verify/${fingerprint}`;
  const file = (name: string) => readFileSync(join(ground.folder, name));

  it("verifies a receipt by its address, without an account, in six steps", async () => {
    const { page, context, requests, expectQuiet } = await openPage(browser, hosts());
    await page.goto(urlOf(ground.delta.receiptId));
    const { verdict, text, steps } = await outcomeOf(page);
    expect(verdict).to.equal("verified");
    expect(text).to.match(/^VERIFIED/);
    expect(steps).to.deep.equal(SIX);
    const { delta } = ground.json("blind.json");
    const amount = await page.locator("dt:text-is('Amount') + dd").innerText();
    expect(amount.replace("+", "")).to.equal(formatAmount(BigInt(delta.amount)));
    expect(new Set(requests.map((url) => new URL(url).origin))).to.deep.equal(new Set(hosts()));
    expectQuiet();
    await context.close();
  });

  it("says whose word the contract is, and takes the code from its own build", async () => {
    const { page, context, expectQuiet } = await openPage(browser, hosts());
    await page.goto(urlOf(ground.delta.receiptId));
    await outcomeOf(page);
    expect(await wordsOf(page)).to.deep.equal({
      chainId: "server",
      contract: "server",
      log: "server",
      codeHash: "page",
      confirmations: "server",
    });
    expect(await page.locator("[data-pin=codeHash]").innerText()).to.contain(anchorLogCodeHash);
    await page.getByText("Nobody checked here").waitFor();
    await page.getByText("ask one that you chose").waitFor();
    expectQuiet();
    await context.close();
  });

  it("rests on the visitor's word once a policy was given", async () => {
    const { page, context, expectQuiet } = await openPage(browser, hosts());
    await page.goto(`${ground.server.url}/verify`);
    await giveFile(page, "policy.json", file("policy.json"));
    await page.getByText("Your policy is read").waitFor();
    await giveFile(page, "open.json", file("open.json"));
    const { verdict, steps } = await outcomeOf(page);
    expect(verdict).to.equal("verified");
    expect(steps[1]).to.equal("passed");
    expect(new Set(Object.values(await wordsOf(page)))).to.deep.equal(new Set(["you"]));
    await page.getByText("Nothing of this is the server's word.").waitFor();
    await page.getByText("against the contract and the log that you named").waitFor();
    expectQuiet();
    await context.close();
  });

  it("shows customer and reason of a receipt that has them, and tells nobody of it", async () => {
    const { page, context, requests } = await openPage(browser, hosts());
    await page.goto(`${ground.server.url}/verify`);
    await giveFile(page, "open.json", file("open.json"));
    await outcomeOf(page);
    const { customerId, reason } = ground.json("open.json").content;
    expect(await page.locator("dt:text-is('Customer') + dd").innerText()).to.equal(customerId);
    expect(await page.locator("dt:text-is('Reason') + dd").innerText()).to.equal(reason);
    expect(requests.filter((url) => url.includes("/receipt"))).to.deep.equal([]);
    await context.close();
  });

  it("takes a dropped file, a pasted file, a pasted fingerprint and a pasted link", async () => {
    const { page, context, expectQuiet } = await openPage(browser, hosts());
    await page.goto(`${ground.server.url}/verify`);
    const text = file("blind.json").toString();
    const transfer = await page.evaluateHandle((content) => {
      const data = new DataTransfer();
      data.items.add(new File([content], "blind.json", { type: "application/json" }));
      return data;
    }, text);
    await page.locator(".drop").dispatchEvent("drop", { dataTransfer: transfer });
    expect((await outcomeOf(page)).verdict).to.equal("verified");

    for (const pasted of [text.replaceAll("\n", ""), ground.delta.receiptId, urlOf(ground.checkpoint.proofRoot)]) {
      await page.goto(`${ground.server.url}/verify`);
      await page.getByLabel("Or a fingerprint").fill(pasted);
      await page.getByRole("button", { name: "Verify", exact: true }).click();
      expect((await outcomeOf(page)).verdict, pasted).to.equal("verified");
    }
    expectQuiet();
    await context.close();
  });

  it("verifies a statement, and adds up its deltas when it is asked to", async () => {
    const { page, context, expectQuiet } = await openPage(browser, hosts());
    await page.goto(urlOf(ground.checkpoint.proofRoot));
    expect((await outcomeOf(page)).steps).to.deep.equal(["passed", "skipped", "passed", "skipped", "passed", "passed"]);
    const { checkpoint } = ground.json("checkpoint.json");
    const closing = await page.locator("dt:text-is('Closing balance') + dd").innerText();
    expect(closing).to.equal(formatAmount(BigInt(checkpoint.closingBalance)));
    await page.getByRole("button", { name: "Add up its deltas, too" }).click();
    await page.locator("[data-step='4'][data-outcome=passed]").waitFor();
    expect((await outcomeOf(page)).verdict).to.equal("verified");
    expectQuiet();
    await context.close();
  });

  it("verifies that a later history begins with an earlier one", async () => {
    const { page, context, expectQuiet } = await openPage(browser, hosts());
    await page.goto(`${ground.server.url}/verify`);
    await giveFile(page, "consistency.json", file("consistency.json"));
    expect(await outcomeOf(page)).to.deep.include({
      verdict: "verified",
      steps: ["passed", "skipped", "skipped", "passed", "passed", "passed"],
    });
    await page.getByText("The later history begins with the earlier one").waitFor();
    expectQuiet();
    await context.close();
  });

  it("shows engineers what was compared, and how the contract itself is asked", async () => {
    const { page, context, expectQuiet } = await openPage(browser, hosts());
    await page.goto(urlOf(ground.delta.receiptId));
    await outcomeOf(page);
    for (const summary of await page.getByText("Details for engineers").all()) await summary.click();
    const { anchor, commitment } = { ...ground.json("blind.json"), ...ground.json("blind.json").delta };
    await page.locator("[data-step='3']").getByText(commitment).waitFor();
    await page.locator("[data-step='5']").getByText(anchor.root).waitFor();
    expect(await page.getByText("≠").count()).to.equal(0);
    await page.getByText(`cast call ${anchor.contract} 'verifyDelta(`).waitFor();
    expectQuiet();
    await context.close();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`can be used by everybody, in ${colorScheme} colours and on a phone`, async () => {
      const { page, context } = await openPage(browser, hosts(), { colorScheme });
      for (const path of ["/verify", `/verify/${ground.delta.receiptId}`]) {
        await page.goto(ground.server.url + path);
        if (path !== "/verify") await outcomeOf(page);
        for (const summary of await page.locator("summary").all()) await summary.click();
        expect(await seriousFindings(page), path).to.deep.equal([]);
        await page.setViewportSize(PHONE);
        await expectNoSideScroll(page);
        await picture(page, `public-verify-${colorScheme}${path === "/verify" ? "" : "-verdict"}`);
      }
      await context.close();
    });
  }
});
