import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { type BankServer, startBank } from "./bank.ts";
import { openBrowser, signedIn } from "./ground.ts";

const ACCOUNTS = 60;
const PER_PAGE = 25;

describe("the customers' ledgers", () => {
  let browser: Browser;
  let bank: BankServer;

  before(async function () {
    this.timeout(60_000);
    [browser, bank] = await Promise.all([openBrowser(), startBank({ accounts: ACCOUNTS })]);
  });
  after(async () => {
    await browser?.close();
    await bank?.stop();
  });

  const open = (path = "/ledgers", apiKey = bank.apiKey) => signedIn(browser, bank.server, apiKey, { path });

  it("are found by a part of the id, without a question for each letter, and the search is in the address", async () => {
    const { page, context, requests, expectQuiet } = await open();
    await listed(page);
    const wanted = bank.customers[7]!;
    await page.getByRole("searchbox").pressSequentially(wanted.toUpperCase(), { delay: 20 });
    await page.waitForURL(`**/ledgers?search=${wanted.toUpperCase()}`);
    const matching = bank.customers.filter((id) => id.includes(wanted));
    await page.getByText(`1 to ${matching.length} of ${matching.length} ledgers`).waitFor();
    expect((await listed(page)).toSorted()).to.deep.equal(matching.toSorted());
    const searches = new Set(requests.filter((url) => url.includes("search=")).map((url) => new URL(url).search));
    // One on a machine with nothing else to do.
    expect(searches.size, "different searches asked for").to.be.within(1, wanted.length / 2);

    await page.reload();
    await page.getByRole("searchbox").waitFor();
    expect(await page.getByRole("searchbox").inputValue()).to.equal(wanted.toUpperCase());
    expect((await listed(page)).toSorted()).to.deep.equal(matching.toSorted());
    expectQuiet();
    await context.close();
  });

  it("are found by a part of the address", async () => {
    const { customers } = await bank.pac.balance.customers({ search: bank.customers[3]!, limit: 1 });
    const { page, context } = await open();
    await page.getByRole("searchbox").fill(customers[0]!.ledgerIdentifier.slice(2, 14).toLowerCase());
    await page.getByText("1 to 1 of 1 ledgers").waitFor();
    expect(await listed(page)).to.deep.equal([customers[0]!.customerId]);
    await context.close();
  });

  it("that are not there are said to be not there, and the way back is one click", async () => {
    const { page, context } = await open();
    await page.getByRole("searchbox").fill("no such customer");
    await page.getByText("Nothing found for “no such customer”").waitFor();
    await page.getByRole("button", { name: "Show all ledgers" }).click();
    await page.getByText(`1 to ${PER_PAGE} of ${ACCOUNTS} ledgers`).waitFor();
    expect(await page.getByRole("searchbox").inputValue()).to.equal("");
    await context.close();
  });

  it("are all on the pages together, each once; the page is in the address", async () => {
    const { page, context, expectQuiet } = await open("/ledgers?sort=firstDelta&order=asc");
    const seen: string[] = [];
    for (let number = 1; number <= Math.ceil(ACCOUNTS / PER_PAGE); number++) {
      const first = (number - 1) * PER_PAGE + 1;
      await page.getByText(`${first} to ${Math.min(ACCOUNTS, first + PER_PAGE - 1)} of ${ACCOUNTS} ledgers`).waitFor();
      seen.push(...(await listed(page)));
      const next = page.getByRole("button", { name: "next page" });
      if (number * PER_PAGE < ACCOUNTS) await next.click();
      else expect(await next.isDisabled()).to.equal(true);
    }
    expect(seen).to.deep.equal(bank.customers);
    expect(page.url()).to.include("page=3");
    await page.reload();
    expect(await listed(page)).to.deep.equal(bank.customers.slice(2 * PER_PAGE));
    await page.goBack();
    await page.getByText(`26 to 50 of ${ACCOUNTS} ledgers`).waitFor();
    expectQuiet();
    await context.close();
  });

  it("beyond the last page say so; nonsense in the address is the first page", async () => {
    const { page, context, expectQuiet } = await open("/ledgers?page=999");
    await page.getByText("There is no such page").waitFor();
    await page.getByRole("button", { name: "Go to the first page" }).click();
    await page.getByText(`1 to 25 of ${ACCOUNTS} ledgers`).waitFor();
    await page.goto(`${bank.server.url}/ledgers?page=-1&size=7&sort=colour&order=up`);
    await page.getByText(`1 to 25 of ${ACCOUNTS} ledgers`).waitFor();
    expectQuiet();
    await context.close();
  });

  it("are ordered by a column's head, and the other way round by the same head", async () => {
    const { page, context } = await open("/ledgers?size=100");
    const { customers } = await bank.pac.balance.customers({ sort: "balance", order: "desc", limit: 100 });
    const ids = customers.map(({ customerId }) => customerId);
    const head = page.getByRole("button", { name: "order by balance" });
    await head.click();
    await page.locator("th[aria-sort=descending]", { hasText: "Balance" }).waitFor();
    await first(page, ids[0]!);
    expect(await listed(page)).to.deep.equal(ids);
    await head.click();
    await page.locator("th[aria-sort=ascending]", { hasText: "Balance" }).waitFor();
    await first(page, ids.at(-1)!);
    expect(await listed(page)).to.deep.equal(ids.toReversed());
    expect(page.url()).to.include("sort=balance&order=asc");
    await context.close();
  });

  it("open by a click anywhere on the row, and by the keyboard", async () => {
    const { page, context } = await open();
    const [top] = await listed(page);
    await page.getByRole("row", { name: top! }).first().locator("td").last().click();
    await page.waitForURL(`**/ledgers/${top}`);
    await page.getByRole("heading", { level: 1, name: top! }).waitFor();
    await page.goBack();
    await page.getByRole("link", { name: top!, exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: top! }).waitFor();
    expect(new URL(page.url()).pathname).to.equal(`/ledgers/${top}`);
    await context.close();
  });

  it("show a new delta and a new ledger by themselves, digit for digit", async () => {
    const { page, context, requests } = await open();
    await listed(page);
    await bank.pac.balance.emit({ customerId: "newcomer", delta: "1234567.000000000000000009", reason: "usage" });
    await first(page, "newcomer");
    const row = page.getByRole("row", { name: "newcomer" });
    expect((await row.textContent())!.replaceAll(/\s/g, "")).to.include("1234567.000000000000000009");
    expect(requests.filter((url) => new URL(url).pathname === "/ledgers")).to.have.length(1);
    await context.close();
  });

  it("are one ledger for the key of one customer, which is opened at once", async () => {
    const [customerId] = bank.customers;
    const { apiKey } = await bank.pac.keys.create({ scope: "read", customerId, label: "counterparty" });
    const { page, context } = await open("/ledgers", apiKey!);
    await page.getByRole("heading", { level: 1, name: customerId! }).waitFor();
    expect(new URL(page.url()).pathname).to.equal(`/ledgers/${customerId}`);
    await context.close();
  });
});

/** The customers on the page, in its order. */
async function listed(page: Page): Promise<string[]> {
  await page.locator("[aria-busy=false] tbody tr").first().waitFor();
  return page.locator("tbody th").allTextContents();
}

async function first(page: Page, customerId: string): Promise<void> {
  await page.locator("tbody tr:first-child th", { hasText: new RegExp(`^${customerId}$`) }).waitFor();
}
