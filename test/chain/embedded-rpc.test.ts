import { expect } from "chai";
import { mnemonicToAccount } from "viem/accounts";
import type { EmbeddedChain } from "#src/chain/embedded/start.ts";
import {
  CELL_CREATION,
  clientOf,
  journalLines,
  PUBLISHER,
  start,
  temporaryDirectory,
  word,
} from "./embedded-fixture.ts";

interface Answer {
  id: unknown;
  result?: unknown;
  error?: { code: number; message: string; data?: string };
}

describe("embedded chain's JSON-RPC port", () => {
  let place: ReturnType<typeof temporaryDirectory>;
  let chain: EmbeddedChain;

  before(async () => {
    place = temporaryDirectory();
    chain = await start(place.dir);
  });
  after(async () => {
    await chain.stop();
    place.remove();
  });

  const post = (body: string) => fetch(chain.rpcUrl, { method: "POST", body });
  const call = async (method: string, params: unknown = []): Promise<Answer> =>
    (await post(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }))).json() as Promise<Answer>;

  const OUTSIDE_OF_BLOCKS: [string, ...unknown[]][] = [
    ["evm_snapshot"],
    ["evm_revert", "0x1"],
    ["evm_increaseTime", "0x10"],
    ["evm_setNextBlockTimestamp", "0xffffffff"],
    ["evm_setAutomine", false],
    ["evm_setIntervalMining", 1000],
    ["hardhat_reset"],
    ["hardhat_setBalance", PUBLISHER.address, "0x1"],
    ["hardhat_setCode", PUBLISHER.address, "0x00"],
    ["hardhat_setNonce", PUBLISHER.address, "0x10"],
    ["hardhat_setStorageAt", PUBLISHER.address, "0x0", word(1)],
    ["hardhat_impersonateAccount", PUBLISHER.address],
    ["hardhat_dropTransaction", word(1)],
    ["hardhat_setPrevRandao", word(1)],
    ["eth_subscribe", "newHeads"],
  ];
  for (const [method, ...params] of OUTSIDE_OF_BLOCKS) {
    it(`refuses ${method}, which no journal could bring back`, async () => {
      const { error } = await call(method, params);
      expect(error).to.deep.equal({ code: -32004, message: `method not supported by the embedded chain: ${method}` });
    });
  }

  const MISTAKES: [string, string, unknown, number][] = [
    ["an unknown method", "eth_fortune", [], -32601],
    ["a method named like a property of objects", "constructor", [], -32601],
    ["parameters by name", "eth_getBalance", { address: PUBLISHER.address }, -32602],
    ["a timestamp for an empty block", "evm_mine", ["0xffffffff"], -32602],
    ["an interval between empty blocks", "hardhat_mine", ["0x2", "0xe10"], -32602],
    ["too many empty blocks", "hardhat_mine", ["0x3e9"], -32602],
    ["a raw transaction that is not hex", "eth_sendRawTransaction", ["hello"], -32602],
    ["a raw transaction that is none", "eth_sendRawTransaction", ["0x1234"], -32602],
    [
      "a transaction with a field nobody knows",
      "eth_sendTransaction",
      [{ from: PUBLISHER.address, tip: "0x1" }],
      -32602,
    ],
    ["a transaction of a stranger", "eth_sendTransaction", [{ from: PUBLISHER.address }], -32000],
  ];
  for (const [mistake, method, params, code] of MISTAKES) {
    it(`answers ${mistake} with ${code}, and mines nothing`, async () => {
      const lines = journalLines(place.dir).length;
      expect((await call(method, params)).error?.code).to.equal(code);
      expect(journalLines(place.dir).length).to.equal(lines);
    });
  }

  it("answers a batch in its order, mistakes included, notifications not", async () => {
    const batch = [
      { jsonrpc: "2.0", id: "a", method: "eth_chainId" },
      { jsonrpc: "2.0", method: "eth_blockNumber" },
      { jsonrpc: "2.0", id: 2, method: "evm_snapshot" },
      7,
    ];
    const answers = (await (await post(JSON.stringify(batch))).json()) as Answer[];
    expect(answers.map(({ id, result, error }) => [id, result ?? error?.code])).to.deep.equal([
      ["a", "0x7a69"],
      [2, -32004],
      [null, -32600],
    ]);
  });

  const ENVELOPES: [string, string, number, number][] = [
    ["text that is not JSON", "{", 200, -32700],
    ["an empty batch", "[]", 200, -32600],
    [
      "a batch of 1001",
      JSON.stringify(Array(1001).fill({ jsonrpc: "2.0", id: 1, method: "eth_chainId" })),
      200,
      -32005,
    ],
    ["an id that is an object", '{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', 200, -32600],
    ["more than 2 MB", " ".repeat(2 * 1024 * 1024 + 1), 413, -32005],
  ];
  for (const [what, body, status, code] of ENVELOPES) {
    it(`answers ${what} with ${code}`, async () => {
      const response = await post(body);
      expect(response.status).to.equal(status);
      expect(((await response.json()) as Answer).error?.code).to.equal(code);
    });
  }

  it("lets a web page of any origin ask, and greets who just looks", async () => {
    const preflight = await fetch(chain.rpcUrl, { method: "OPTIONS" });
    const look = await fetch(chain.rpcUrl);
    expect([preflight.status, look.status]).to.deep.equal([204, 200]);
    for (const { headers } of [preflight, look]) expect(headers.get("access-control-allow-origin")).to.equal("*");
    expect((await look.text()).toLowerCase()).to.contain("json-rpc");
  });

  it("lets a page from elsewhere ask a machine of its own network: JSON by POST, with one preflight for a while", async () => {
    const headers = {
      Origin: "https://verifier.example",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "content-type",
      "Access-Control-Request-Private-Network": "true",
    };
    const preflight = await fetch(chain.rpcUrl, { method: "OPTIONS", headers });
    expect(Object.fromEntries(preflight.headers)).to.include({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "*",
      "access-control-allow-private-network": "true",
      "access-control-max-age": "600",
    });
    const body = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
    const asked = { Origin: headers.Origin, "Content-Type": "application/json" };
    const answer = await fetch(chain.rpcUrl, { method: "POST", headers: asked, body });
    expect(answer.headers.get("access-control-allow-origin")).to.equal("*");
    expect(((await answer.json()) as Answer).result).to.equal("0x7a69");
  });

  it("passes a contract's revert data on", async () => {
    const client = clientOf(chain);
    const hash = await client.sendTransaction({ account: PUBLISHER, data: CELL_CREATION });
    const { contractAddress } = await client.getTransactionReceipt({ hash });
    const { error } = await call("eth_call", [{ to: contractAddress, data: word(1) }, "latest"]);
    expect(error).to.include({ code: 3, data: "0xdeadbeef" });
  });

  it("unlocks the accounts every Hardhat user knows", async () => {
    const mnemonic = "test test test test test test test test test test test junk";
    const addresses = await clientOf(chain).getAddresses();
    for (const addressIndex of [0, 1, 19]) {
      expect(addresses[addressIndex]).to.equal(mnemonicToAccount(mnemonic, { addressIndex }).address);
    }
  });
});
