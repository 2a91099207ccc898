import { expect } from "chai";
import { parse } from "csv-parse/sync";
import type { Browser } from "playwright-core";
import { verifyFile } from "#src/core/verify-file.ts";
import { Tallyroot } from "#src/sdk/tallyroot.ts";
import { type History, loopOver, seedHistory } from "#test/http/history.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { openBrowser, openPage, signedIn } from "./ground.ts";
import { figure, saved, sequences } from "./ledger-page.ts";

/** Deltas of `a`, by the history. */
const DELTAS = 40;

describe("what is done on a ledger's page", () => {
  const dir = temporaryDirectory();
  let browser: Browser;
  let server: Server;
  let history: History;
  let admin: string;
  let pac: Tallyroot;

  before(async function () {
    this.timeout(60_000);
    history = await seedHistory(dir);
    [browser, server] = await Promise.all([openBrowser(), startServer(dir)]);
    admin = apiKeyOf(dir);
    pac = new Tallyroot({ apiKey: admin, baseUrl: server.url });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    removeDirectory(dir);
  });

  const open = (path: string, apiKey = admin) => signedIn(browser, server, apiKey, { path });

  it("gives receipts byte for byte: one with content and a blind one, and both verify", async () => {
    const { page, context } = await open(`/ledgers/a?delta=${history.past[0]!.recordId}`);
    for (const { button, blind } of [
      { button: "Receipt", blind: false },
      { button: "Blind receipt", blind: true },
    ]) {
      const { name, bytes } = await saved(page, button);
      expect(name).to.equal(`tallyroot-receipt-1${blind ? "-blind" : ""}.json`);
      expect(bytes.equals(await pac.balance.receipts.file(history.past[0]!.receiptId, { blind }))).to.equal(true);
      const { steps } = verifyFile(bytes);
      expect(steps.filter(({ outcome }) => outcome === "failed")).to.deep.equal([]);
      expect(bytes.includes("reason-0")).to.equal(!blind);
    }
    await context.close();
  });

  it("saves a period as CSV that is the record exactly, whatever people wrote", async () => {
    const reasons = ['=cmd|"/C calc"!A0', "comma, and\r\na line", "+1", "@here", "ünïcode ✓", '"quoted"', " spaces "];
    await pac.balance.emitBatch(
      reasons.map((reason, i) => ({
        customerId: "csv",
        delta: i % 2 === 0 ? "0.000000000000000001" : "-1000000000",
        reason,
        ...(i === 2 && { referenceId: "-ref" }),
        ...(i === 3 && { metadata: { note: 'a "b", c', deep: [1, { x: null }] } }),
      })),
    );
    const { page, context, expectQuiet } = await open("/ledgers/csv");
    await page.getByRole("button", { name: "CSV" }).click();
    const { name, bytes } = await saved(page, "Save");
    expect(name).to.equal("csv-all-time.csv");
    await page.getByText("7 deltas were saved. 4 cells begin with a character").waitFor();
    const rows = parse(bytes, { columns: true, record_delimiter: "\r\n" }) as Record<string, string>[];
    const { deltas } = await pac.balance.derive("csv");
    expect(rows).to.deep.equal(
      deltas.map((delta) => ({
        sequence: String(delta.sequence),
        recordedAt: delta.recordedAt,
        delta: delta.deltaExact,
        balance: delta.balanceExact,
        reason: delta.reason,
        referenceId: delta.referenceId ?? "",
        metadata: delta.metadata === null ? "" : JSON.stringify(delta.metadata),
        adjusts: "",
        recordId: delta.recordId,
        receiptId: delta.receiptId,
        commitment: delta.commitment,
      })),
    );
    expectQuiet();
    await context.close();
  });

  it("saves no more than the period that is shown", async () => {
    const { page, context } = await open("/ledgers/a?period=2025-03");
    await page.getByRole("button", { name: "CSV" }).click();
    const { name, bytes } = await saved(page, "Save");
    expect(name).to.equal("a-2025-03.csv");
    const rows = parse(bytes, { columns: true }) as { recordId: string }[];
    const march = loopOver(history.past, "a", ({ time }) => new Date(time).toISOString().startsWith("2025-03"));
    expect(rows.map(({ recordId }) => recordId)).to.deep.equal(march.deltas.map(({ recordId }) => recordId));
    await context.close();
  });

  it("is shared by a link that opens this ledger and no other, and that leaves no key in the address", async () => {
    const { page, context } = await open("/ledgers/a");
    await page.getByRole("button", { name: "Share" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Label").fill(" ");
    await dialog.getByRole("button", { name: "Make the link" }).click();
    await dialog.getByText("Say whom the key is for.").waitFor();
    await dialog.getByLabel("Label").fill("Acme's accountant");
    await dialog.getByRole("button", { name: "Make the link" }).click();
    await dialog.getByRole("img", { name: "QR code of the link" }).waitFor();
    const link = (await dialog.getByLabel("Link", { exact: true }).textContent())!;
    expect(link).to.match(new RegExp(`^${server.url}/ledgers/a#key=pk_test_`));
    const { keys } = await pac.keys.list();
    expect(keys.find(({ label }) => label === "Acme's accountant")).to.include({ scope: "read", revokedAt: null });

    const theirs = await openPage(browser, [server.url]);
    await theirs.page.goto(link);
    await theirs.page.getByRole("heading", { level: 1, name: "a", exact: true }).waitFor();
    await theirs.page.getByText("Your ledger, as default keeps it.").waitFor();
    expect(theirs.page.url()).to.equal(`${server.url}/ledgers/a`);
    expect((await sequences(theirs.page))[0]).to.equal(DELTAS);
    expect(await theirs.page.getByRole("button", { name: "Share" }).count()).to.equal(0);
    expect(await theirs.page.getByRole("button", { name: "Erase content" }).count()).to.equal(0);
    const places = await theirs.page.getByRole("navigation", { name: "Main" }).getByRole("link").allTextContents();
    expect(places).to.not.include("API keys").and.not.include("Webhooks");
    expect(theirs.requests.filter((url) => url.includes("pk_test_") && !url.includes("#"))).to.deep.equal([]);
    theirs.expectQuiet();
    await theirs.page.goto(`${server.url}/ledgers/b`);
    await theirs.page.getByText("There is no such customer.").waitFor();
    await Promise.all([context.close(), theirs.context.close()]);
  });

  it("says to who may only read why nothing can be changed", async () => {
    const { page, context } = await open("/ledgers/a", history.keys.read);
    for (const name of ["Share", "Erase content"]) {
      const button = page.getByRole("button", { name });
      await button.waitFor();
      expect(await button.isDisabled(), name).to.equal(true);
      await button.locator("..").focus();
      const why = page.getByRole("tooltip", { name: "This needs an admin key." });
      await why.waitFor();
      // One that is still fading says the same as the next.
      await button.locator("..").blur();
      await why.waitFor({ state: "detached" });
    }
    await context.close();
  });

  it("erases content only when its customer was typed, says what is gone, and keeps every balance", async () => {
    for (const delta of [7, 8])
      await pac.balance.emitAndWait({ customerId: "to_erase", delta, reason: "secret_reason" });
    const { page, context } = await open("/ledgers/to_erase");
    await page.getByText("secret_reason").first().waitFor();
    await page.getByRole("button", { name: "Erase content" }).click();
    const dialog = page.getByRole("dialog");
    const typed = dialog.getByLabel("Type the customer id to confirm");
    await typed.fill("To_erase");
    await dialog.getByRole("button", { name: "Erase for good" }).click();
    await dialog.getByText("This is not the customer id. Nothing was erased.").waitFor();
    expect((await pac.balance.derive("to_erase")).deltas[0]!.reason).to.equal("secret_reason");
    await typed.fill("to_erase");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("The content of 2 deltas was erased for good").waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByText("content erased").waitFor();
    await page.getByText("secret_reason").first().waitFor({ state: "detached" });
    expect(await figure(page, "Verified balance")).to.equal("15");
    await page.getByRole("button", { name: "details of delta 1" }).click();
    const drawer = page.getByRole("dialog", { name: "Delta" });
    await drawer.getByText("the blind receipt still proves").waitFor();
    expect(await drawer.getByRole("button", { name: "Receipt", exact: true }).isDisabled()).to.equal(true);
    await context.close();
  });
});
