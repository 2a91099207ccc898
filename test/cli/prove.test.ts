import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { compiledCodeHash } from "#src/chain/compiled-code.ts";
import { type Ended, proveCommand } from "#src/cli/prove/command.ts";
import { checksumAddress } from "#src/core/address.ts";
import type { Place } from "#src/core/arbitration/statement.ts";
import { toHex } from "#src/core/bytes.ts";
import { consistencyText } from "#src/core/consistency.ts";
import { policyText } from "#src/core/policy.ts";
import { type Receipt, receiptText } from "#src/core/receipt.ts";
import { publishOnChain } from "#test/chain/published-on-chain.ts";
import {
  ALICE,
  checkpointOf,
  checkpointReceiptOf,
  consistencyOf,
  deltaReceiptOf,
  headOf,
  historyOf,
  type Published,
  publishedAs,
  sideOf,
} from "#test/core/arbitration/published-log.ts";
import { type Ground, PUBLISHER_KEY, startGround } from "#test/ledger/anchoring-ground.ts";

/** Two receipts that contradict each other, the command as a process of its own, and the real chain. */

const honest = historyOf(ALICE, [500n, -42n, -100n, 7n]);
const hidden = honest.map((delta, i) => (i === 1 ? { ...delta, amount: -43n } : delta));
const [shown, other, rewound] = [headOf(honest), headOf(hidden), headOf(honest.slice(0, 3))];
const window = checkpointOf(honest, 2000n, 9000n);

describe("tallyroot prove", () => {
  const folder = mkdtempSync(join(tmpdir(), "tallyroot-prove-"));
  let ground: Ground;
  let place: Place;
  let published: Published[];

  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return name;
  };
  const receipt = (name: string, file: Receipt) => write(name, receiptText(file));
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));

  /** A fresh log with a fork at delta 2, and the receipts of it: mine.json, theirs.json, checkpoint.json, rewound.json. */
  async function fork(): Promise<void> {
    ({ place, published } = await publishOnChain(ground, [[shown, window], [other, window], [rewound]]));
    const [first, second, third] = published as [Published, Published, Published];
    receipt("mine.json", deltaReceiptOf(first, shown, 1, place));
    receipt("first.json", deltaReceiptOf(first, shown, 0, place));
    receipt("theirs.json", deltaReceiptOf(second, other, 1, place));
    receipt("checkpoint.json", checkpointReceiptOf(first, window, true, place));
    receipt("rewound.json", deltaReceiptOf(third, rewound, 0, place));
    const made = publishedAs(4n, [other]);
    receipt("invented.json", deltaReceiptOf(made, other, 1, place));
    const sides = [sideOf(third, rewound, undefined, place), sideOf(second, other, undefined, place)] as const;
    write("consistency.json", consistencyText(consistencyOf(...sides, hidden)));
    const { chainId, contract, log } = place;
    const pins = { chainId, contract, log, codeHash: compiledCodeHash(), confirmations: 1 };
    write("policy.json", policyText({ ...pins, rpc: [ground.chain.rpcUrl] }));
    write("other-log.json", policyText({ ...pins, rpc: [], log: contract32 }));
    write("other-code.json", policyText({ ...pins, rpc: [], codeHash: contract32 }));
  }
  const contract32 = new Uint8Array(32).fill(9);

  before(async () => {
    ground = await startGround();
    await fork();
  });
  after(async () => {
    await ground.stop();
    rmSync(folder, { recursive: true });
  });

  /** A process of its own, as it is run by hand. */
  function run(command: "prove" | "verify", words: readonly string[], key?: string): Promise<Ended> {
    const file = fileURLToPath(import.meta.resolve(`#src/cli/${command}.ts`));
    const env = { ...process.env, ...(key !== undefined && { TALLYROOT_PROVER_KEY: key }) };
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [file, ...words], { cwd: folder, env }, (_error, output, errors) =>
        resolve({ code: child.exitCode ?? -1, output, errors }),
      );
    });
  }
  /** In this process, with the folder's files. */
  async function prove(...words: string[]): Promise<Ended> {
    const inFolder = words.map((word) => (/^[\w-]+\.json$|^key$|^no\//.test(word) ? join(folder, word) : word));
    const { code, output, errors } = await proveCommand(inFolder, undefined);
    const short = (text: string) => text.replaceAll(join(folder, "/"), "");
    return { code, output: short(output), errors: short(errors) };
  }
  /** With the endpoint of the chain. */
  const ask = (...words: string[]) => prove(...words, "--rpc", ground.chain.rpcUrl);
  const asked = async (...words: string[]) => {
    const { code, output } = await ask(...words, "--json");
    return { code, ...JSON.parse(output) };
  };

  it("proves a fork, after which every receipt of the log is LOG_MARKED since that block", async () => {
    const checked = ["mine.json", "--policy", "policy.json"];
    const dry = await ask("mine.json", "theirs.json", "--dry-run");
    expect(dry)
      .to.include({ code: 0 })
      .with.property("output")
      .that.matches(/\nACCEPTED: .*nothing was sent\n$/);
    expect((await run("verify", checked)).output).to.match(/\nVERIFIED\n$/);

    const proven = await asked("mine.json", "theirs.json", "--account", "3");
    expect(proven).to.include({ code: 0, verdict: "PROVEN", found: 1 });
    expect(proven.contradiction).to.deep.include({
      function: "proveFork",
      sequence: "2",
      ledger: checksumAddress(ALICE),
    });
    expect(proven.contradiction.sources).to.have.members(["mine.json", "theirs.json"]);
    expect(proven.marked).to.deep.equal({ blockNumber: proven.blockNumber, blockTime: proven.blockTime });

    const after = await run("verify", checked);
    const time = new Date(Number(proven.blockTime) * 1000).toISOString();
    expect(after.code).to.equal(16);
    expect(after.output).to.contain("LOG_MARKED").and.contain(`block ${proven.blockNumber}`).and.contain(time);

    const again = await ask("mine.json", "theirs.json", "--account", "3");
    expect(again.code).to.equal(0);
    expect(again.output).to.contain(`ALREADY MARKED: the log is marked since block ${proven.blockNumber} (${time})`);
    await fork();
  });

  it("takes a key from a file or the environment, and shows it nowhere", async () => {
    const digits = PUBLISHER_KEY.slice(2);
    write("key", `${PUBLISHER_KEY}\n`);
    const inFile = await ask("checkpoint.json", "theirs.json", "--key-file", "key");
    expect(inFile)
      .to.include({ code: 0 })
      .with.property("output")
      .that.matches(/\nPROVEN: in block \d+ at 20.* gas; /);
    await fork();
    const words = ["mine.json", "theirs.json", "--rpc", ground.chain.rpcUrl];
    const [inEnvironment, wrong] = [await run("prove", words, digits), await run("prove", words, `${digits}00`)];
    expect(inEnvironment).to.include({ code: 0 }).with.property("output").that.contains("PROVEN");
    expect(wrong).to.include({ code: 2 }).with.property("errors").that.contains("TALLYROOT_PROVER_KEY is not usable");
    for (const { output, errors } of [inFile, inEnvironment, wrong]) expect(output + errors).not.to.contain(digits);
    await fork();
  });

  it("writes the call for any wallet, without a chain", async () => {
    const written = await prove("mine.json", "theirs.json", "--out", "call.json");
    expect(written).to.include({ code: 0 }).with.property("output").that.contains("FOUND");
    const call = read("call.json");
    expect(await asked("mine.json", "theirs.json", "--out", "asked.json")).to.include({ code: 0, verdict: "ACCEPTED" });
    expect(read("asked.json")).to.deep.equal(call);
    expect(call).to.include({ chainId: "31337", to: checksumAddress(place.contract), function: "proveFork" });
    const hash = await ground.wallet.sendTransaction({ to: call.to, data: call.data });
    await ground.client.waitForTransactionReceipt({ hash });
    expect(await asked("mine.json", "theirs.json", "--account", "3")).to.include({ verdict: "ALREADY_MARKED" });
    await fork();
  });

  it("ends with 5 where nothing contradicts, and says what was left out", async () => {
    const file = read("theirs.json");
    write("changed.json", JSON.stringify({ ...file, head: { ...file.head, balance: "1" } }));
    const outcome = await asked("mine.json", "first.json", "checkpoint.json", "changed.json", "--account", "3");
    expect(outcome).to.include({ code: 5, verdict: "NO_CONTRADICTION", contradiction: null });
    expect(outcome.leftOut).to.have.length(1);
    expect(outcome.leftOut[0]).to.include({
      source: "changed.json",
      what: "the head of 4",
      failure: "ANCHOR_PROOF_INVALID",
    });
    expect(outcome.evidence).to.deep.equal({ deltas: 5, heads: 2, checkpoints: 1 });
    const elsewhere = await prove("mine.json", "theirs.json", "--policy", "other-log.json", "--out", "none.json");
    expect(elsewhere).to.include({ code: 5 }).with.property("output").that.contains("theirs.json: LOG_NOT_EXPECTED");
  });

  it("ends with 6 and names what the contract cannot judge, of receipts and of a consistency file", async () => {
    const decreased = await asked("first.json", "rewound.json", "--account", "3");
    expect(decreased).to.include({ code: 6, verdict: "NOT_JUDGEABLE" });
    expect(decreased.unjudged.map(({ name }: { name: string }) => name)).to.deep.equal(["COUNT_DECREASES"]);
    const { code, output } = await ask("consistency.json", "first.json", "--account", "3");
    expect({ code, names: output.match(/^[A-Z_]+(?=: ledger)/gm) }).to.deep.equal({
      code: 6,
      names: ["HEADS_DIFFER", "COUNT_DECREASES"],
    });
  });

  it("ends with 7 and the contract's error where the evidence is invented, which hides no other evidence", async () => {
    const invented = await asked("mine.json", "invented.json", "--account", "3");
    expect(invented).to.include({ code: 7, verdict: "REFUSED", refusal: "NotAnchored" });
    expect(invented.leftOut[0]).to.include({ source: "invented.json", failure: "LOG_UNKNOWN" });
    const real = await asked("invented.json", "mine.json", "theirs.json", "--dry-run", "--policy", "policy.json");
    expect(real).to.include({ code: 0, verdict: "ACCEPTED", found: 1 });
    expect(real.contradiction.sources).to.have.members(["mine.json", "theirs.json"]);
  });

  it("ends with 3 when the chain does not answer", async () => {
    const { code, errors } = await prove("mine.json", "theirs.json", "--rpc", "http://127.0.0.1:9", "--dry-run");
    expect(code).to.equal(3);
    expect(errors).to.contain("the chain did not answer");
  });

  it("shows its usage when asked for it", async () => {
    const { code, output } = await prove("--help");
    expect({ code, usage: output.split(" ", 3).join(" ") }).to.deep.equal({ code: 0, usage: "usage: tallyroot prove" });
  });

  const both = ["mine.json", "theirs.json"];
  const WRONG: readonly (readonly [why: RegExp, words: readonly string[]])[] = [
    [/name the files/, []],
    [/Unknown option '--colour'/, [...both, "--colour"]],
    [/nowhere\.json cannot be read/, [...both, "nowhere.json", "--out", "none.json"]],
    [/policy\.json is neither a receipt nor a consistency file/, [...both, "policy.json", "--out", "none.json"]],
    [/mine\.json is not a policy/, [...both, "--policy", "mine.json"]],
    [/--rpc is missing/, both],
    [/say who pays/, [...both, "--policy", "policy.json"]],
    [/not both/, [...both, "--policy", "policy.json", "--account", "1", "--key-file", "key"]],
    [/no account 999/, [...both, "--policy", "policy.json", "--account", "999"]],
    [/CODE_MISMATCH/, [...both, "--policy", "other-code.json", "--rpc", "RPC", "--dry-run"]],
    [/of different logs/, [...both, "elsewhere.json", "--out", "none.json"]],
    [/cannot be written/, [...both, "--out", "no/such/folder"]],
  ];
  it("ends with 2 and the reason for what cannot be meant, and sends nothing", async () => {
    receipt("elsewhere.json", deltaReceiptOf(published[0]!, shown, 0, { ...place, log: contract32 }));
    const ended = async ([why, words]: (typeof WRONG)[number]) => {
      const { code, output, errors } = await prove(
        ...words.map((word) => (word === "RPC" ? ground.chain.rpcUrl : word)),
      );
      expect({ code, output }, `${words.join(" ")}: ${errors}`).to.deep.equal({ code: 2, output: "" });
      expect(errors)
        .to.match(/^tallyroot prove: /)
        .and.match(why);
    };
    for (let i = 0; i < WRONG.length; i += 2) await Promise.all(WRONG.slice(i, i + 2).map(ended));
    expect(toHex(place.log)).to.equal(read("mine.json").anchor.log);
    expect(await asked(...both, "--dry-run")).to.include({ verdict: "ACCEPTED" });
  });
});
