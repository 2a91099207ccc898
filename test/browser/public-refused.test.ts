import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { toHex } from "#src/core/bytes.ts";
import { STEP_FAILURES, type StepFailure } from "#src/core/step-failures.ts";
import { FAILURE_WORDS } from "#src/dashboard/public/verify/step-words.ts";
import { type EvidenceGround, startEvidenceGround } from "#test/cli/verify-ground.ts";
import type { Members } from "#test/http/call.ts";
import { about, type Lie, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";
import { openBrowser, openPage, type WatchedPage } from "./ground.ts";
import { askEndpoints, giveFile, outcomeOf, startDoor } from "./public-ground.ts";

const GOLDEN = fileURLToPath(new URL("../golden/1/bad/", import.meta.url));

/** Bad files of every kind of failure that needs no chain. */
const BAD: readonly (readonly [file: string, failure: StepFailure])[] = [
  ["shape-unknown-member.json", "SHAPE_INVALID"],
  ["text-duplicate-name.json", "SHAPE_INVALID"],
  ["text-truncated.json", "SHAPE_INVALID"],
  ["content-metadata.json", "COMMITMENT_MISMATCH"],
  ["content-amount.json", "CONTENT_AMOUNT_MISMATCH"],
  ["content-ledger.json", "CUSTOMER_LEDGER_MISMATCH"],
  ["fingerprint-balance.json", "FINGERPRINT_MISMATCH"],
  ["ledger-head-of-other.json", "HEAD_OF_OTHER_LEDGER"],
  ["ledger-count-below.json", "SEQUENCE_BEYOND_HEAD"],
  ["ledger-root.json", "LEDGER_PROOF_INVALID"],
  ["ledger-first-balance.json", "BALANCE_CONTRADICTION"],
  ["checkpoint-closing-balance.json", "CHECKPOINT_CONTRADICTION"],
  ["consistency-sides-swapped.json", "COUNT_DECREASES"],
  ["consistency-rewritten.json", "CONSISTENCY_PROOF_INVALID"],
  ["consistency-window-root.json", "WINDOW_PROOF_INVALID"],
  ["anchor-root.json", "ANCHOR_PROOF_INVALID"],
  ["anchors-of-two-logs.json", "LOGS_DIFFER"],
  ["anchors-reversed.json", "ANCHORS_REVERSED"],
];

const ZERO = `0x${"0".repeat(64)}`;

describe("the public page of verification refuses", function () {
  this.timeout(90_000);
  let browser: Browser;
  let ground: EvidenceGround;
  let liar: LyingEndpoint;
  let door: Awaited<ReturnType<typeof startDoor>>;
  let watched: WatchedPage;
  let page: Page;

  before(async () => {
    [browser, ground] = await Promise.all([openBrowser(), startEvidenceGround()]);
    liar = await startLyingEndpoint(ground.server.rpcUrl);
    door = await startDoor(liar.url);
  });
  beforeEach(async () => {
    watched = await openPage(browser, [ground.server.url, ground.server.rpcUrl, door.url]);
    page = watched.page;
    await page.goto(`${ground.server.url}/verify`);
  });
  afterEach(() => watched.context.close());
  after(async () => {
    await browser?.close();
    door?.stop();
    liar?.stop();
    await ground?.stop();
  });

  /** That step fails with these words, the steps before it do not, and nothing on the page is called verified. */
  async function expectRefused(failure: StepFailure, name: string): Promise<void> {
    const { verdict, text, steps } = await outcomeOf(page);
    const { step } = STEP_FAILURES[failure];
    expect(verdict, name).to.equal("refused");
    expect(text, name).to.match(new RegExp(`^NOT VERIFIED at step ${step}\\n`));
    expect(text, name).to.contain(FAILURE_WORDS[failure]);
    expect(steps.indexOf("failed"), name).to.equal(step - 1);
    expect(steps.slice(step), name).to.deep.equal(Array(6 - step).fill("open"));
  }

  const giveBlind = (change: (file: Members) => void = () => {}) => {
    const file = ground.json("blind.json");
    change(file);
    return giveFile(page, "blind.json", JSON.stringify(file));
  };

  it("each kind of tampering at its step, in its own words", async () => {
    for (const [name, failure] of BAD) {
      await giveFile(page, name, readFileSync(join(GOLDEN, name)));
      await page.getByText(`File: ${name}`).waitFor({ state: "attached" });
      await expectRefused(failure, name);
    }
    watched.expectQuiet();
  });

  it("what is no JSON, and JSON that is no evidence, and says what it is", async () => {
    for (const [name, content] of [
      ["invoice.pdf", "%PDF-1.7"],
      ["list.json", "[]"],
      ["package.json", '{"name":"x"}'],
      ["empty.json", ""],
    ] as const) {
      await giveFile(page, name, content);
      await page.getByText(`File: ${name}`).waitFor({ state: "attached" });
      await expectRefused("SHAPE_INVALID", name);
    }
    await page.getByText("Details for engineers").click();
    await page.getByText("SHAPE_INVALID").waitFor();
    watched.expectQuiet();
  });

  it("a genuine receipt that is of something else than the address asks for, unless it is to be verified alone", async () => {
    await page.goto(`${ground.server.url}/verify/${ground.checkpoint.proofRoot}`);
    await outcomeOf(page);
    await giveBlind();
    await page.locator("[data-verdict=refused]").waitFor();
    await expectRefused("FINGERPRINT_NOT_EXPECTED", "of something else");
    await page.getByRole("button", { name: "Verify the file for what it is" }).click();
    await page.locator("[data-verdict=verified]").waitFor();
    expect(new URL(page.url()).pathname).to.equal("/verify");
    watched.expectQuiet();
  });

  it("a genuine receipt of another contract or log than the policy pins", async () => {
    const [contract, log] = [`0x${"1".repeat(40)}`, toHex(new Uint8Array(32).fill(7))];
    for (const [pins, failure] of [
      [{ contract }, "CONTRACT_NOT_EXPECTED"],
      [{ log }, "LOG_NOT_EXPECTED"],
      [{ chainId: "1" }, "CHAIN_MISMATCH"],
      [{ codeHash: toHex(new Uint8Array(32).fill(9)) }, "CODE_MISMATCH"],
      [{ confirmations: "1000000" }, "NOT_CONFIRMED"],
    ] as const) {
      await page.goto(`${ground.server.url}/verify`);
      await giveFile(page, "policy.json", JSON.stringify({ ...ground.json("policy.json"), ...pins }));
      await page.getByText("Your policy is read").waitFor();
      await giveBlind();
      await expectRefused(failure, JSON.stringify(pins));
    }
    watched.expectQuiet();
  });

  it("what the visitor typed and the file contradicts, and says what was mistyped", async () => {
    await giveBlind();
    await outcomeOf(page);
    await page.getByText("What you know about contract and log").click();
    await page.getByLabel("Contract", { exact: true }).fill("0x12");
    await page.getByRole("button", { name: "Check against these" }).click();
    await page.getByText("It must be an address").waitFor();
    await page.getByLabel("Contract", { exact: true }).fill(`0x${"2".repeat(40)}`);
    await page.getByRole("button", { name: "Check against these" }).click();
    await page.locator("[data-verdict=refused]").waitFor();
    await expectRefused("CONTRACT_NOT_EXPECTED", "typed");
    watched.expectQuiet();
  });

  it("what the contract does not hold, and what a convicted publisher anchored", async () => {
    const { anchor } = ground.json("blind.json");
    const lies: readonly (readonly [StepFailure, Lie])[] = [
      ["CHAIN_MISMATCH", about("eth_chainId", () => "0x1")],
      ["CODE_MISMATCH", about("eth_getCode", () => "0x")],
      ["LOG_UNKNOWN", answering(anchor.root, ZERO)],
      ["ROOT_MISMATCH", answering(anchor.root, `0x${"ab".repeat(32)}`)],
      // Nothing else of what is asked answers zero.
      ["LOG_MARKED", answering(ZERO, `0x${"0".repeat(63)}1`)],
      ["NOT_CONFIRMED", about("eth_getTransactionReceipt", () => null)],
    ];
    await giveBlind();
    await outcomeOf(page);
    for (const [failure, lie] of lies) {
      liar.lie = lie;
      await askEndpoints(page, door.url);
      await page.getByText(FAILURE_WORDS[failure]).first().waitFor();
      await expectRefused(failure, failure);
    }
    watched.expectQuiet();
  });

  it("what two endpoints disagree about", async () => {
    liar.lie = answering(ground.json("blind.json").anchor.root, ZERO);
    await giveBlind();
    await outcomeOf(page);
    await askEndpoints(page, ground.server.rpcUrl, door.url);
    await page.locator("[data-verdict=refused]").waitFor();
    await expectRefused("ENDPOINTS_DISAGREE", "two endpoints");
    watched.expectQuiet();
  });

  it("to call anything verified that no endpoint confirms", async () => {
    await giveBlind();
    await outcomeOf(page);
    await askEndpoints(page, "http://127.0.0.1:9");
    await page.locator("[data-verdict=as-far]").waitFor({ timeout: 40_000 });
    const { text, steps } = await outcomeOf(page);
    expect(text)
      .to.match(/^CHECKED AS FAR AS POSSIBLE/)
      .and.to.contain("did not answer");
    expect(steps.slice(-2)).to.deep.equal(["passed", "skipped"]);
    await askEndpoints(page, "not an address");
    await page.getByText("is no http or https address").waitFor();
    await askEndpoints(page);
    await page.getByText("No endpoint of the chain was given").waitFor();
    expect(await page.getByText("VERIFIED", { exact: true }).count()).to.equal(0);
  });

  it("an address that is no fingerprint, and one that nobody knows, and says what to do", async () => {
    await page.goto(`${ground.server.url}/verify/0x12`);
    await page.getByText("This is no fingerprint").waitFor();
    await page.goto(`${ground.server.url}/verify/0x${"77".repeat(32)}`);
    await page.getByText("This server knows nothing with this fingerprint").waitFor();
    await page.getByText(/NOT_FOUND · request /).waitFor();
    // What a leaf or a root would give away, nobody learns: they are no fingerprints.
    await page.goto(`${ground.server.url}/verify/${ground.json("blind.json").anchor.root}`);
    await page.getByText("This server knows nothing with this fingerprint").waitFor();
    watched.expectQuiet([/404/]);
  });

  /** Says something else wherever the truth is this. */
  function answering(truth: string, instead: string): Lie {
    return ({ method }, { result }) => (method === "eth_call" && result === truth ? { result: instead } : undefined);
  }
});
