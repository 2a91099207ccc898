import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Hex } from "viem";
import { type Chain, openChain } from "#src/chain/embedded/chain.ts";
import type { ChainFailedError } from "#src/chain/embedded/errors.ts";
import { journalLines, journalPath, PUBLISHER, temporaryDirectory } from "./embedded-fixture.ts";

const CHAIN_ID = 31337;
const BEGINNING = 1_700_000_000;

describe("embedded chain's journal", () => {
  let place: ReturnType<typeof temporaryDirectory>;
  let chain: Chain | undefined;
  let failures: ChainFailedError[];
  let waiting: string[];

  beforeEach(() => {
    place = temporaryDirectory();
    failures = [];
    waiting = [];
  });
  afterEach(async () => {
    await chain?.close();
    chain = undefined;
    place.remove();
  });

  async function open(now: () => number = () => BEGINNING, chainId = CHAIN_ID) {
    const opened = await openChain({
      dir: place.dir,
      chainId,
      now,
      onWaiting: (reason) => waiting.push(reason),
      onFailure: (error) => failures.push(error),
    });
    chain = opened.chain;
    return opened;
  }
  async function close() {
    await chain?.close();
    chain = undefined;
  }
  const height = async () => Number(await chain!.read("eth_blockNumber", []));
  const timestamps = async () => {
    const count = (await height()) + 1;
    const blocks = Array.from({ length: count }, (_, n) =>
      chain!.read("eth_getBlockByNumber", [`0x${n.toString(16)}`, false]),
    );
    return (await Promise.all(blocks)).map((block) => Number((block as { timestamp: Hex }).timestamp));
  };
  async function give(value: Hex, more: object = {}): Promise<Hex> {
    const [from] = (await chain!.read("eth_accounts", [])) as string[];
    return chain!.send({ from, to: PUBLISHER.address, value, ...more });
  }
  /** A journal of a header and three blocks: a gift, an empty one, a gift. */
  async function threeBlocks() {
    await open();
    await give("0x1");
    await chain!.mineEmpty(1);
    await give("0x2");
    await close();
    return journalLines(place.dir);
  }
  const refusal = () => open().catch((error: unknown) => error as Error & { code: string });

  it("cuts a torn last line off, and goes on", async () => {
    await threeBlocks();
    const whole = readFileSync(journalPath(place.dir));
    const lastLine = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    for (const length of [whole.length - 1, lastLine + 20, lastLine + 1]) {
      writeFileSync(journalPath(place.dir), whole.subarray(0, length));
      const opened = await open();
      expect(opened).to.include({ replayedBlocks: 2, tornBytes: length - lastLine });
      await give("0x3");
      await close();
      expect(await open()).to.include({ replayedBlocks: 3, tornBytes: 0 });
      await close();
    }
  });

  const DAMAGE: [string, number, (lines: string[]) => void][] = [
    ["a line that is not JSON", 3, (lines) => lines.splice(2, 1, '{"number":2,')],
    ["a line that is not an object", 3, (lines) => lines.splice(2, 1, "[]")],
    ["an empty line", 3, (lines) => lines.splice(2, 0, "")],
    ["a block that is missing", 3, (lines) => lines.splice(2, 1)],
    ["a block that stands twice", 3, (lines) => lines.splice(2, 0, lines[1]!)],
    ["a block without its hash", 4, (lines) => lines.splice(3, 1, lines[3]!.replace('"hash"', '"hush"'))],
    ["a transaction that is not hex", 2, (lines) => lines.splice(1, 1, lines[1]!.replace("0x02", "0xzz"))],
    [
      "time that runs backwards",
      3,
      (lines) => lines.splice(2, 1, lines[2]!.replace(/"timestamp":\d+/, '"timestamp":1')),
    ],
    ["a header that is missing", 1, (lines) => lines.splice(0, 1)],
    [
      "a header without its genesis hash",
      1,
      (lines) => lines.splice(0, 1, lines[0]!.replace("genesisHash", "genesis")),
    ],
    ["a file that is empty", 1, (lines) => lines.splice(0)],
  ];
  for (const [what, line, damage] of DAMAGE) {
    it(`refuses ${what}, and names line ${line}`, async () => {
      const lines = await threeBlocks();
      damage(lines);
      const text = lines.map((one) => `${one}\n`).join("");
      writeFileSync(journalPath(place.dir), text);
      const error = (await refusal()) as Error & { code: string };
      expect(error.code).to.equal("CHAIN_JOURNAL_DAMAGED");
      expect(error.message).to.contain(`line ${line} of the chain journal is damaged`);
      expect(readFileSync(journalPath(place.dir), "utf8")).to.equal(text);
    });
  }

  const EDITS: [string, number, (lines: string[]) => void][] = [
    [
      "a later timestamp",
      4,
      (lines) => lines.splice(3, 1, lines[3]!.replace(/"timestamp":\d+/, `"timestamp":${BEGINNING + 9}`)),
    ],
    ["another block hash", 3, (lines) => lines.splice(2, 1, lines[2]!.replace(/"hash":"0x../, '"hash":"0x00'))],
    [
      "a transaction taken out",
      2,
      (lines) => lines.splice(1, 1, lines[1]!.replace(/"transactions":\["0x\w+"\]/, '"transactions":[]')),
    ],
    [
      "a transaction whose signature was changed",
      2,
      (lines) => lines.splice(1, 1, lines[1]!.replace(/....("\],"hash")/, "0000$1")),
    ],
    ["another beginning", 1, (lines) => lines.splice(0, 1, lines[0]!.replace("22:13:20", "22:13:19"))],
    ["another hardfork", 1, (lines) => lines.splice(0, 1, lines[0]!.replace('"osaka"', '"cancun"'))],
    ["another account", 1, (lines) => lines.splice(0, 1, lines[0]!.replace("0xf39fd6", "0x000000"))],
  ];
  for (const [what, line, edit] of EDITS) {
    it(`refuses a journal edited to have ${what}, and names line ${line}`, async () => {
      const lines = await threeBlocks();
      edit(lines);
      writeFileSync(journalPath(place.dir), lines.map((one) => `${one}\n`).join(""));
      const error = (await refusal()) as Error & { code: string };
      expect(error.code).to.equal("CHAIN_JOURNAL_MISMATCH");
      expect(error.message).to.contain(`line ${line} of the chain journal does not replay`);
    });
  }

  it("refuses another chain's journal, and another format's", async () => {
    const [header, ...blocks] = await threeBlocks();
    const other = await open(() => BEGINNING, 1337).catch((error: unknown) => error);
    expect(other).to.include({ code: "CHAIN_JOURNAL_OTHER_CHAIN" });
    writeFileSync(journalPath(place.dir), `${[header!.replace('"version":1', '"version":2'), ...blocks].join("\n")}\n`);
    expect(await refusal()).to.include({ code: "CHAIN_JOURNAL_VERSION" });
  });

  it("stops answering when somebody else wrote to its journal", async () => {
    await open();
    await give("0x1");
    appendFileSync(journalPath(place.dir), "{}\n");
    const outcome = await give("0x2").catch((error: unknown) => error);
    expect(outcome).to.include({ name: "ChainFailedError", code: "CHAIN_JOURNAL_UNWRITABLE" });
    expect(failures).to.deep.equal([outcome]);
    expect((await height().catch((error: Error) => error)) as Error).to.include({ code: -32603 });
    expect((await give("0x3").catch((error: Error) => error)) as unknown).to.include({ code: -32603 });
  });

  it("waits while the disk takes no more, and goes on with the block once it does", async () => {
    // Limits of a running process can be changed there only.
    if (process.platform !== "linux") return;
    await open();
    await give("0x1");
    const before = readFileSync(journalPath(place.dir));
    const limit = (bytes: string) => execFileSync("prlimit", ["--pid", String(process.pid), `--fsize=${bytes}`]);
    // The block fits in half, as on a disk that fills up.
    limit(`${before.length + 100}:`);
    const sent = give("0x2");
    const answers: string[] = [];
    void sent.then(() => answers.push("sent"));
    void height().then((number) => answers.push(`height ${number}`));
    try {
      for (let looks = 0; waiting.length === 0 && looks < 200; looks++) await sleep(10);
      await sleep(300);
      expect(waiting).to.have.lengthOf(1);
      expect(waiting[0]).to.include("EFBIG");
      expect(answers).to.deep.equal([]);
    } finally {
      limit("unlimited:");
    }
    await sent;
    expect(failures).to.deep.equal([]);
    expect(readFileSync(journalPath(place.dir)).subarray(0, before.length).equals(before)).to.equal(true);
    const told = await height();
    await close();
    expect(await open()).to.include({ replayedBlocks: told, tornBytes: 0 });
  });

  it("tells nobody of a block that is not in the journal yet", async () => {
    await open();
    let sending = true;
    const sent = Promise.all(Array.from({ length: 150 }, () => give("0x1"))).finally(() => {
      sending = false;
    });
    let looks = 0;
    while (sending) {
      const seen = await Promise.all([height(), height(), height()]);
      expect(Math.max(...seen)).to.be.at.most(journalLines(place.dir).length - 1);
      looks += 1;
    }
    await sent;
    expect(looks).to.be.at.least(20);
  });

  it("forgets a refused transaction, and what was only asked of the pending block", async () => {
    await open();
    const refused = await give("0x1", { nonce: "0x9", gas: "0x5208" }).catch((error: Error) => error);
    expect(refused).to.include({ code: -32000 });
    await chain!.read("eth_getBlockByNumber", ["pending", false]);
    await chain!.read("eth_estimateGas", [{ to: PUBLISHER.address }]);
    await give("0x1");
    await chain!.read("eth_call", [{ to: PUBLISHER.address }, "pending"]);
    await give("0x2");
    await close();
    expect(await open()).to.include({ replayedBlocks: 2 });
  });

  it("never lets time stand still or run back, whatever the clock does", async () => {
    let clock = BEGINNING;
    await open(() => clock);
    await give("0x1");
    clock = BEGINNING + 100;
    await give("0x2");
    await close();
    clock = BEGINNING - 5000;
    await open(() => clock);
    await give("0x3");
    await chain!.mineEmpty(2);
    expect(await timestamps()).to.deep.equal([0, 1, 100, 101, 102, 103].map((after) => BEGINNING + after));
  });

  it("shows calls on the pending block today's time after a restart", async () => {
    await open();
    await close();
    const today = Math.floor(Date.now() / 1000);
    await open(() => today);
    const { timestamp } = (await chain!.read("eth_getBlockByNumber", ["pending", false])) as { timestamp: Hex };
    expect(Number(timestamp)).to.be.within(today, today + 5);
  });
});
