import { expect } from "chai";
import { dataOf, send } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

/** What is sent as the JSON text of `delta`, and the digits that come back. The text is looked at, for a double would hide the loss. */
const AMOUNTS: readonly (readonly [sent: string, back: string])[] = [
  ["0.123456789012345678", "0.123456789012345678"],
  ['"0.123456789012345678"', "0.123456789012345678"],
  ["-999999999.999999999999999999", "-999999999.999999999999999999"],
  ['"-999999999.999999999999999999"', "-999999999.999999999999999999"],
  ["1000000000", "1000000000"],
  ["0.1", "0.1"],
  ["0.000000000000000001", "0.000000000000000001"],
  ["1e-18", "0.000000000000000001"],
  ["4.2500E+1", "42.5"],
  ['"-42.50"', "-42.5"],
];

describe("the digits that were sent", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let key: string;

  before(async () => {
    server = await startServer(dir);
    key = apiKeyOf(dir);
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const get = async (path: string) => (await send(server.url, { path: `/api/v1${path}`, key })).text;

  AMOUNTS.forEach(([sent, back], i) => {
    it(`${sent} comes back as ${back}, everywhere`, async () => {
      const customerId = `amount_${i}`;
      const body = `{"customerId":"${customerId}","delta":${sent},"reason":"r"}`;
      const posted = await send(server.url, { path: "/api/v1/balance/delta", key, body });
      expect(posted.status, posted.text).to.equal(201);
      const { recordId, receiptId } = dataOf(posted);

      const view = [`"delta":${back},"deltaExact":"${back}"`, `"balance":${back},"balanceExact":"${back}"`];
      const derived = await get(`/balance/derive/${customerId}`);
      for (const text of [posted.text, await get(`/balance/delta/${recordId}`), derived]) {
        for (const member of view) expect(text).to.include(member);
      }
      const computed = `"computedBalance":${back},"computedBalanceExact":"${back}"`;
      expect(derived).to.include(computed);
      const customer = await get(`/balance/customers/${customerId}`);
      expect(customer).to.include(computed).and.to.include(`"delta":${back},"deltaExact":"${back}"`);
      expect(await get(`/balance/customers?search=${customerId}`)).to.include(computed);
      const evidence = await get(`/verify/${receiptId}`);
      expect(evidence).to.include(`"netChange":${back},"startingBalance":0,"endingBalance":${back}`);
      expect(evidence).to.include(`"amount":${back}`);
    });
  });

  it("a starting balance is added to the last digit", async () => {
    const text = await get("/balance/derive/amount_0?startingBalance=999999999999999999999.000000000000000001");
    expect(text).to.include('"startingBalance":999999999999999999999.000000000000000001,');
    expect(text).to.include('"computedBalance":999999999999999999999.123456789012345679,');
  });

  it("many small amounts add up without any loss", async () => {
    const body = { customerId: "tenths", delta: 0.1, reason: "r" };
    for (let i = 0; i < 10; i++) await send(server.url, { path: "/api/v1/balance/delta", key, body });
    expect(await get("/balance/derive/tenths")).to.include('"computedBalance":1,');
  });
});
