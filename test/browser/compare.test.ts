import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { formatUnits, units } from "#src/sdk/amounts.ts";
import type { DeltaView } from "#src/sdk/answers.ts";
import { Tallyroot } from "#src/sdk/tallyroot.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import {
  expectNoSideScroll,
  openBrowser,
  PHONE,
  picture,
  seriousFindings,
  signedIn,
  type WatchedPage,
} from "./ground.ts";

const CUSTOMER = "cust_001";
const DELTAS = 130;
/** Of the record, in the list: one changed, one left out, one that was never recorded. */
const CHANGED = 42;
const LEFT_OUT = 61;
/** More rows than one request may have. */
const LONG = 100_500;

type Party = "yours" | "theirs";

describe("the compare screen", () => {
  let browser: Browser;
  let server: Server;
  let dir: string;
  let pac: Tallyroot;
  let deltas: DeltaView[];
  let opened: WatchedPage;

  before(async function () {
    this.timeout(60_000);
    dir = temporaryDirectory();
    [browser, server] = await Promise.all([openBrowser(), startServer(dir)]);
    pac = new Tallyroot({ apiKey: apiKeyOf(dir), baseUrl: server.url });
    await pac.balance.emitBatch(
      Array.from({ length: DELTAS }, (_, i) => ({
        customerId: CUSTOMER,
        delta: i === 0 ? "1234567.000000000000000001" : i % 3 === 0 ? "-0.25" : "12.5",
        reason: "tokens",
        referenceId: `inv, "${i + 1}"`,
      })),
    );
    ({ deltas } = await pac.balance.derive(CUSTOMER, { limit: 1000 }));
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    removeDirectory(dir);
  });
  afterEach(async () => opened?.context.close());

  async function open(path = `/compare?customerId=${CUSTOMER}`, options = {}): Promise<Page> {
    opened = await signedIn(browser, server, apiKeyOf(dir), { path, ...options });
    await opened.page.getByRole("heading", { level: 1, name: "Compare" }).waitFor();
    return opened.page;
  }

  const party = (page: Page, name: Party) =>
    page.getByRole("region", { name: name === "yours" ? "Yours" : "Theirs", exact: true });

  async function give(page: Page, name: Party, text: string): Promise<void> {
    const file = join(dir, `${name}.csv`);
    writeFileSync(file, text);
    const remove = party(page, name).getByRole("button", { name: "Remove" });
    if (await remove.isVisible()) await remove.click();
    await party(page, name).locator("input[type=file]").last().setInputFiles(file);
  }

  async function compare(page: Page): Promise<string> {
    await page.getByRole("button", { name: "Compare with the record" }).click();
    const report = page.getByRole("region", { name: "Comparison report" });
    await report.waitFor();
    return report.getByRole("heading", { level: 2 }).first().innerText();
  }

  const cells = (values: readonly string[]) => values.map((value) => `"${value.replaceAll('"', '""')}"`).join(",");

  /** A list of the record with one row changed, one left out and one too many. */
  function wrongList(): string {
    const rows = deltas.map(({ referenceId, deltaExact }) => [referenceId!, deltaExact]);
    rows[CHANGED - 1]![1] = "13.75";
    rows.splice(LEFT_OUT - 1, 1);
    rows.push(["never-recorded", "7.000000000000000002"]);
    return [cells(["Reference ID", "Amount"]), ...rows.map(cells)].join("\r\n");
  }

  const exactTexts = async (page: Page, name: string) =>
    (await page.getByRole("region", { name, exact: true }).innerText()).replaceAll(/[\s\u200a]/g, "");

  it("finds one changed, one missing and one extra row, and the sums add up to the last digit", async () => {
    const page = await open();
    await give(page, "yours", wrongList());
    await party(page, "yours").getByText(`${DELTAS} rows`, { exact: true }).waitFor();
    expect(await compare(page)).to.equal(`They part at delta ${CHANGED}.`);
    expect(await page.evaluate(() => document.activeElement?.tagName)).to.equal("H2");

    const first = await exactTexts(page, "Where they part first");
    const { balanceExact } = deltas[CHANGED - 1]!;
    const before = deltas[CHANGED - 2]!.balanceExact;
    expect(first).to.include(`Balancebefore${before}`).and.to.include(`Balanceafter${balanceExact}`);
    expect(first).to.include("Amount+13.75").and.to.include("Difference+1.25");
    // The header is line 1.
    expect(first).to.include(`line${CHANGED + 1}`);

    const gap = formatUnits(
      units("13.75") - units("12.5") - units(deltas[LEFT_OUT - 1]!.deltaExact) + units("7.000000000000000002"),
    );
    const sums = await exactTexts(page, "What the difference is made of");
    expect(sums).to.include("addsupexactly").and.to.include(`+${gap}`).and.to.include("+7.000000000000000002");
    const balances = await exactTexts(page, "Balances");
    const record = deltas.at(-1)!.balanceExact;
    expect(balances).to.include(`Therecord${record}`);
    expect(balances).to.include(`Yours${formatUnits(units(record) + units(gap))}`);
    const rows = page.getByRole("region", { name: "Disputes", exact: true }).locator("tbody tr");
    expect(await rows.count()).to.equal(3);
    expect(await rows.nth(2).innerText()).to.include("never-recorded");
    expect(await seriousFindings(page)).to.deep.equal([]);
    await picture(page, "compare-report");
    opened.expectQuiet();
  });

  it("agrees with the record's own rows, as lists and as a balance, of both parties", async () => {
    const page = await open();
    await give(
      page,
      "yours",
      ["sequence;delta;balance", ...deltas.map((d) => `${d.sequence};${d.deltaExact};${d.balanceExact}`)].join("\n"),
    );
    await party(page, "yours").getByText(`${DELTAS} rows`, { exact: true }).waitFor();
    await party(page, "theirs").getByText("A balance", { exact: true }).click();
    await party(page, "theirs").getByLabel("Balance of theirs").fill(deltas.at(-1)!.balanceExact);
    expect(await compare(page)).to.equal("Both agree with the record.");
    expect(await page.getByRole("region", { name: "Disputes", exact: true }).count()).to.equal(0);
    // A changed question forgets the answer.
    await party(page, "theirs").getByLabel("Balance of theirs").fill("5");
    expect(await page.getByRole("region", { name: "Comparison report" }).count()).to.equal(0);
    expect(await compare(page)).to.match(/^They part at delta /);
  });

  it("counts balances and unnamed rows of a period from where the ledger stood", async () => {
    const month = new Date().toISOString().slice(0, 7);
    const page = await open(`/compare?customerId=${CUSTOMER}&period=${month}`);
    await give(page, "yours", ["delta,balance", ...deltas.map((d) => `${d.deltaExact},${d.balanceExact}`)].join("\n"));
    await party(page, "yours").getByText("counted in their order").waitFor();
    expect(await compare(page)).to.equal("Your list agrees with the record.");
    await page.reload();
    expect(await page.getByRole("combobox", { name: "Period (UTC)" }).inputValue()).to.equal("This month");
  });

  it("names every malformed row by its line, and sends nothing until it is right", async () => {
    const page = await open();
    const asked = opened.requests.length;
    await give(page, "yours", 'sequence,delta\n1,12.5\nx,1\n3,"1,250.00"\n4,0.0000000000000000001\n5,1,2\n');
    const list = party(page, "yours");
    await list.getByText("4 rows cannot be used").waitFor();
    const said = await list.getByRole("alert").innerText();
    expect(said).to.match(/Line 3: “x” is no sequence/);
    expect(said).to.match(/Line 4: delta “1,250.00”: an amount must be a decimal number/);
    expect(said).to.match(/Line 5: .*at most 18 decimals, this one has 19/);
    expect(said).to.match(/Line 6: the row has 3 cells, the header 2/);
    const button = page.getByRole("button", { name: "Compare with the record" });
    expect(await button.isDisabled()).to.equal(true);
    await give(page, "yours", 'sequence,delta\n1,"12.5\n2,1\n');
    await list.getByText("a quote is opened and not closed").waitFor();
    // The other party's list being right changes nothing.
    await give(page, "theirs", "sequence,delta\n1,12.5\n");
    await party(page, "theirs").getByText("1 row", { exact: true }).waitFor();
    expect(await button.isDisabled()).to.equal(true);
    expect(opened.requests.slice(asked).filter((url) => url.includes("/compare"))).to.deep.equal([]);
    await give(page, "yours", "sequence,delta\n1,12.5\n");
    await list.getByText("1 row", { exact: true }).waitFor();
    expect(await compare(page)).to.equal("They part at delta 1.");
  });

  it("refuses a file that is no UTF-8, in words", async () => {
    const page = await open();
    const file = join(dir, "latin.csv");
    writeFileSync(file, Buffer.from([...Buffer.from("referenceId,delta\nR"), 0xe9, ...Buffer.from(",1\n")]));
    await party(page, "yours").locator("input[type=file]").last().setInputFiles(file);
    await party(page, "yours").getByText("not UTF-8").waitFor();
    expect(await page.getByRole("button", { name: "Compare with the record" }).isDisabled()).to.equal(true);
  });

  it("asks which column is what when the header does not say", async () => {
    const page = await open();
    await give(
      page,
      "yours",
      ["Beleg;Betrag", ...deltas.map((d) => `${cells([d.referenceId!])};${d.deltaExact}`)].join("\n"),
    );
    const dialog = page.getByRole("dialog", { name: "Which column is what" });
    await dialog.waitFor();
    expect(await seriousFindings(page)).to.deep.equal([]);
    await dialog.getByRole("combobox", { name: "Reference id" }).click();
    await page.getByRole("option", { name: "Beleg" }).click();
    await dialog.getByRole("combobox", { name: "Amount" }).click();
    await page.getByRole("option", { name: "Betrag" }).click();
    await dialog.getByRole("button", { name: "Use these columns" }).click();
    await party(page, "yours").getByText("referenceId from “Beleg”, delta from “Betrag”").waitFor();
    expect(await compare(page)).to.equal("Your list agrees with the record.");
  });

  it("compares a list that is too long for one request without sending it", async function () {
    this.timeout(60_000);
    const page = await open();
    const rows = Array.from({ length: LONG }, (_, i) => deltas[i]?.deltaExact ?? "1");
    rows[CHANGED - 1] = "13.75";
    const sent: number[] = [];
    page.on("request", (request) => sent.push(request.postDataBuffer()?.length ?? 0));
    await give(page, "yours", ["delta", ...rows].join("\n"));
    await party(page, "yours")
      .getByText(`${LONG.toLocaleString("en")} rows`, { exact: true })
      .waitFor();
    expect(await compare(page)).to.equal(`They part at delta ${CHANGED}.`);
    const found = await exactTexts(page, "Yours: where it parts first");
    expect(found).to.include("Amount+12.5").and.to.include("Amount+13.75");
    expect(Math.max(...sent), "bytes of the largest request").to.be.below(4096);
    // A list like this has no period, and says so instead of comparing something else.
    await page.getByRole("combobox", { name: "Period (UTC)" }).click();
    await page.getByRole("option", { name: "This month" }).click();
    await page.getByRole("button", { name: "Compare with the record" }).click();
    await page.getByRole("alert").getByText("choose all time").waitFor();
    opened.expectQuiet();
  });

  it("prints the report without what only a screen needs, black on white, every dispute on it", async () => {
    const page = await open(undefined, { colorScheme: "dark" });
    await give(page, "yours", "sequence,delta\n1,1\n");
    await party(page, "yours").getByText("1 row", { exact: true }).waitFor();
    await compare(page);
    const rows = page.getByRole("region", { name: "Disputes", exact: true }).locator("tbody tr");
    expect(await rows.count()).to.equal(50);
    await page.emulateMedia({ media: "print" });
    await page.getByText("Tallyroot comparison report").waitFor();
    const verdict = page.getByText("130 disputes; 0 of 130 deltas are confirmed.");
    expect(await verdict.evaluate((element) => getComputedStyle(element).color)).to.equal("rgb(0, 0, 0)");
    const { contract, log, chainId } = await pac.chain.place();
    const printed = await page.getByRole("main").innerText();
    for (const text of [
      CUSTOMER,
      deltas[0]!.ledgerIdentifier,
      contract,
      log,
      String(chainId),
      "UTC",
      "the whole history",
    ])
      expect(printed).to.include(text);
    expect(await rows.count()).to.equal(DELTAS);
    for (const name of ["Compare with the record", "Print the report"])
      expect(await page.getByRole("button", { name }).isVisible(), name).to.equal(false);
    expect(await page.getByRole("navigation", { name: "Main" }).isVisible()).to.equal(false);
    const paper = await page.evaluate(() => {
      const surface = document.querySelector("section.surface:not(.no-print *)")!;
      return [getComputedStyle(surface).backgroundColor, getComputedStyle(surface).color];
    });
    expect(paper).to.deep.equal(["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
    await picture(page, "compare-paper");
    expect((await page.pdf()).subarray(0, 5).toString()).to.equal("%PDF-");
  });

  it("gives the report as JSON and CSV with exact amounts", async () => {
    const page = await open();
    await give(page, "yours", wrongList());
    await party(page, "yours").getByText(`${DELTAS} rows`, { exact: true }).waitFor();
    await compare(page);
    const fileOf = async (button: string) => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: button }).click(),
      ]);
      return readFileSync(await download.path(), "utf8");
    };
    const json = JSON.parse(await fileOf("Report as JSON"));
    expect(json.divergence.sequence).to.equal(CHANGED);
    expect(json.divergence.balanceBeforeExact).to.equal(deltas[CHANGED - 2]!.balanceExact);
    expect(json.divergence).to.not.have.property("balanceBefore");
    expect(json.parties[0].sumExact).to.equal(json.parties[0].discrepancyExact);
    const [header, ...lines] = (await fileOf("Disputes as CSV")).trimEnd().split("\r\n");
    expect(header).to.match(/^sequence,kind,party,difference,/);
    expect(lines).to.have.length(3);
    expect(lines[0]).to.include(`"inv, ""${CHANGED}"""`);
    expect(lines[2]).to.include("7.000000000000000002").and.to.include("never-recorded");
  });

  it("is fixed on its own ledger for a key of one customer, and fits a phone", async () => {
    const { apiKey } = await pac.keys.create({ scope: "read", customerId: CUSTOMER });
    opened = await signedIn(browser, server, apiKey!, { path: "/compare", viewport: PHONE });
    const { page } = opened;
    await page.getByRole("heading", { level: 1, name: "Compare" }).waitFor();
    expect(await page.getByLabel("Customer").inputValue()).to.equal(CUSTOMER);
    await give(page, "yours", wrongList());
    await party(page, "yours").getByText(`${DELTAS} rows`, { exact: true }).waitFor();
    expect(await compare(page)).to.equal(`They part at delta ${CHANGED}.`);
    await expectNoSideScroll(page);
    expect(await seriousFindings(page)).to.deep.equal([]);
    opened.expectQuiet();
  });
});
