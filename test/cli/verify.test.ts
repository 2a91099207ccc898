import { spawnSync } from "node:child_process";
import { openSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { createPublicClient, createWalletClient, type Hex, http } from "viem";
import { hardhat } from "viem/chains";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { checksumAddress, ledgerAddress } from "#src/core/address.ts";
import { toHex } from "#src/core/bytes.ts";
import { policyText } from "#src/core/policy.ts";
import { type EvidenceGround, run, startEvidenceGround } from "#test/cli/verify-ground.ts";
import type { Members } from "#test/http/call.ts";
import { read as sourceOf } from "#test/tidy/tree.ts";
import { importsOf } from "#test/tidy/typescript-text.ts";
import { about, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";

const DEAD = "http://127.0.0.1:9";
const HASH = `0x${"12".repeat(32)}`;

describe("tallyroot verify", () => {
  let ground: EvidenceGround;
  let liar: LyingEndpoint;
  before(async () => {
    ground = await startEvidenceGround();
    liar = await startLyingEndpoint(ground.server.rpcUrl);
  });
  after(async () => {
    liar.stop();
    await ground.stop();
  });

  let copies = 0;

  /** The name of a copy of a file in which members are others. */
  function changed(name: string, change: (file: Members) => void): string {
    const file = ground.json(name);
    change(file);
    copies += 1;
    return ground.write(`changed-${copies}.json`, file);
  }

  /** Exit code, verdict, failure and outcomes of a verification, by its JSON report. */
  async function judged(...words: string[]): Promise<string> {
    const { code, output, errors } = await ground.verify(...words, "--json");
    if (output === "") return `${code} ${errors.split("\n")[0]}`;
    const { verdict, failure, steps } = JSON.parse(output) as Members;
    return `${code} ${verdict} ${failure ?? "-"} ${(steps as Members[]).map(({ outcome }) => outcome[0]).join("")}`;
  }

  const good: readonly (readonly [file: string, steps: string, offline: string])[] = [
    ["open.json", "pppppp", "ppppps"],
    ["blind.json", "pspppp", "psppps"],
    ["checkpoint.json", "pspspp", "pspsps"],
    ["listed.json", "pspppp", "psppps"],
    ["consistency.json", "psspps", "psspps"],
  ];
  for (const [file, online, offline] of good) {
    it(`passes ${file}: 0 against the chain, 4 without one, 3 when it does not answer`, async () => {
      const all = online.endsWith("s") ? `${online.slice(0, -1)}p` : online;
      const [asked, pinned, quiet, dead] = await Promise.all([
        judged(file, "--rpc", ground.server.rpcUrl),
        judged(file, "--policy", "policy.json"),
        judged(file),
        judged(file, "--rpc", DEAD),
      ]);
      expect(asked).to.equal(`0 VERIFIED - ${all}`);
      expect(pinned).to.equal(`0 VERIFIED - ${all}`);
      expect(quiet).to.equal(`4 CONSISTENT - ${offline}`);
      expect(dead).to.equal(`3 CONSISTENT - ${offline}`);
    });
  }

  it("refuses with the number of the step, and reports nothing after it", async () => {
    const flip = (text: string) => text.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
    const cases = [
      [ground.write("empty.json", ""), "11 REFUSED SHAPE_INVALID f"],
      [ground.write("twice.json", '{"format":1,"format":2}'), "11 REFUSED SHAPE_INVALID f"],
      [
        changed("open.json", ({ content }) => {
          content.reason += " (corrected)";
        }),
        "12 REFUSED COMMITMENT_MISMATCH pf",
      ],
      [
        changed("blind.json", ({ delta }) => {
          delta.balance += "0";
        }),
        "13 REFUSED FINGERPRINT_MISMATCH psf",
      ],
      [
        changed("blind.json", ({ head }) => {
          head.root = flip(head.root);
        }),
        "14 REFUSED LEDGER_PROOF_INVALID pspf",
      ],
      [
        changed("blind.json", ({ anchor }) => {
          anchor.root = flip(anchor.root);
        }),
        "15 REFUSED ANCHOR_PROOF_INVALID psppf",
      ],
      [
        changed("blind.json", ({ anchor }) => {
          anchor.index = "999";
        }),
        "16 REFUSED LOG_UNKNOWN pspppf",
      ],
    ];
    const outcomes = await Promise.all(cases.map(([file]) => judged(file!, "--policy", "policy.json")));
    expect(outcomes).to.deep.equal(cases.map(([, outcome]) => outcome));
  });

  it("compares the file with what was pinned, without asking the chain where that is enough", async () => {
    const { policy } = ground;
    const pinned = (name: string, more: Partial<typeof policy>) =>
      ground.write(name, policyText({ ...policy, rpc: [], ...more }));
    const other = ground.history.past.find(({ customerId }) => customerId === "b")!;
    const ledger = checksumAddress(ledgerAddress(policy.namespace!, "a"));
    const strange = Buffer.alloc(20, 7);
    const cases: [words: string[], outcome: string][] = [
      [["--policy", pinned("quiet.json", {})], "4 CONSISTENT - ppppps"],
      [["--policy", pinned("chain.json", { chainId: 1n })], "16 REFUSED CHAIN_MISMATCH pppppf"],
      [["--policy", pinned("contract.json", { contract: strange })], "16 REFUSED CONTRACT_NOT_EXPECTED pppppf"],
      [
        ["--policy", pinned("log.json", { log: Buffer.alloc(32, 7) }), "--rpc", DEAD],
        "16 REFUSED LOG_NOT_EXPECTED pppppf",
      ],
      [["--policy", pinned("space.json", { namespace: strange })], "12 REFUSED NAMESPACE_NOT_EXPECTED pf"],
      [["--fingerprint", ground.delta.receiptId], "4 CONSISTENT - ppppps"],
      [["--fingerprint", other.receiptId], "13 REFUSED FINGERPRINT_NOT_EXPECTED ppf"],
      [["--ledger", ledger.toLowerCase()], "4 CONSISTENT - ppppps"],
      [["--ledger", toHex(strange)], "14 REFUSED LEDGER_NOT_EXPECTED pppf"],
      [["--policy", "quiet.json", "--customer", "a", "--ledger", ledger], "4 CONSISTENT - ppppps"],
      [["--policy", "quiet.json", "--customer", "b"], "14 REFUSED LEDGER_NOT_EXPECTED pppf"],
    ];
    const outcomes = await Promise.all(cases.map(([words]) => judged("open.json", ...words)));
    expect(outcomes).to.deep.equal(cases.map(([, outcome]) => outcome));
  });

  it("lets a flag replace the policy's word", async () => {
    const { policy } = ground;
    ground.write(
      "stale.json",
      policyText({ ...policy, rpc: [DEAD], codeHash: Buffer.alloc(32, 7), confirmations: 500 }),
    );
    const all = ["--rpc", ground.server.rpcUrl, "--code-hash", toHex(policy.codeHash), "--confirmations", "1"];
    const outcomes = await Promise.all([
      judged("blind.json", "--policy", "stale.json"),
      judged("blind.json", "--policy", "stale.json", ...all.slice(0, 2)),
      judged("blind.json", "--policy", "stale.json", ...all.slice(0, 4)),
      judged("blind.json", "--policy", "stale.json", ...all),
    ]);
    expect(outcomes).to.deep.equal([
      "3 CONSISTENT - psppps",
      "16 REFUSED CODE_MISMATCH pspppf",
      "16 REFUSED NOT_CONFIRMED pspppf",
      "0 VERIFIED - pspppp",
    ]);
  });

  it("exposes a lying endpoint beside an honest one, and asks every endpoint of the policy", async () => {
    liar.lie = about("eth_getCode", () => "0x6000");
    const both = [ground.server.rpcUrl, liar.url];
    ground.write("both.json", policyText({ ...ground.policy, rpc: both }));
    expect(await judged("blind.json", "--policy", "both.json")).to.equal("16 REFUSED ENDPOINTS_DISAGREE pspppf");
    expect(await judged("blind.json", "--policy", "policy.json", "--rpc", liar.url)).to.match(/CODE_MISMATCH/);
    expect(await judged("blind.json", "--policy", "policy.json", ...both.flatMap((url) => ["--rpc", url]))).to.match(
      /^16 .*DISAGREE/,
    );
    expect(await judged("blind.json", "--rpc", ground.server.rpcUrl, "--rpc", DEAD)).to.match(/^3 CONSISTENT/);
  });

  it("takes a twin contract or another log for the provider's only where nothing is pinned, and says so", async () => {
    const { policy, server } = ground;
    const transport = http(server.rpcUrl, { retryCount: 0 });
    const client = createPublicClient({ chain: hardhat, transport, pollingInterval: 10 });
    const wallet = createWalletClient({ chain: hardhat, transport });
    const account = (await wallet.getAddresses())[3]!;
    const mined = async (hash: Promise<Hex>) => client.waitForTransactionReceipt({ hash: await hash });
    const { bytecode } = JSON.parse(
      readFileSync(new URL("../../artifacts/contracts/AnchorLog.sol/AnchorLog.json", import.meta.url), "utf8"),
    ) as { bytecode: Hex };
    const twin = (await mined(wallet.deployContract({ abi: anchorLogAbi, bytecode, account }))).contractAddress!;

    /** The receipt with the same root, anchored by a stranger. */
    async function reanchored(contract: Hex): Promise<string> {
      const at = { address: contract, abi: anchorLogAbi, account } as const;
      const salt = toHex(Buffer.alloc(32, 1));
      await mined(wallet.writeContract({ ...at, functionName: "openLog", args: [salt] }));
      const log = await client.readContract({ ...at, functionName: "logId", args: [account, salt] });
      const root = ground.json("blind.json").anchor.root as Hex;
      const { blockNumber, blockHash, transactionHash } = await mined(
        wallet.writeContract({ ...at, functionName: "append", args: [log, 1n, root, 3n] }),
      );
      const { timestamp } = await client.getBlock({ blockNumber });
      const place = { contract: checksumAddress(Buffer.from(contract.slice(2), "hex")), log, index: "1", size: "3" };
      const block = { transactionHash, blockNumber: String(blockNumber), blockHash, blockTime: String(timestamp) };
      return changed("blind.json", ({ anchor }) => Object.assign(anchor, place, block));
    }

    const [ofTwin, ofLog] = [await reanchored(twin), await reanchored(checksumAddress(policy.contract))];
    expect(await judged(ofTwin, "--policy", "policy.json")).to.match(/^16 REFUSED CONTRACT_NOT_EXPECTED/);
    expect(await judged(ofLog, "--policy", "policy.json")).to.match(/^16 REFUSED LOG_NOT_EXPECTED/);
    for (const file of [ofTwin, ofLog]) {
      const { code, output } = await ground.verify(file, "--rpc", server.rpcUrl);
      expect(code).to.equal(0);
      expect(output).to.contain("not pinned, so the file's own word: chain, contract, log, code");
    }
  });

  it("prints a line per step, then the verdict", async () => {
    const { output } = await ground.verify("blind.json", "--policy", "policy.json");
    expect(output.split("\n").map((line) => line.slice(0, 18))).to.deep.equal([
      "ok   1 shape      ",
      "-    2 content    ",
      "ok   3 fingerprint",
      "ok   4 ledger     ",
      "ok   5 anchor     ",
      "ok   6 chain      ",
      "VERIFIED",
      "",
    ]);
    expect(output).not.to.contain("own word");
    const wrong = await ground.verify("blind.json", "--ledger", toHex(Buffer.alloc(20, 7)));
    expect(wrong.output).to.match(
      /\nFAIL 4 ledger {6}LEDGER_NOT_EXPECTED: .*\n {5}5 anchor {6}not reached\n {5}6 chain {7}not reached\nREFUSED\n$/,
    );
    const quiet = await ground.verify("blind.json");
    expect(quiet.output).to.match(/\n- {4}6 chain {7}no RPC endpoint.*\nCONSISTENT, NOT CHECKED AGAINST THE CHAIN\n$/);
    const dead = await ground.verify("blind.json", "--rpc", `${DEAD}/v3/my-key`);
    expect(dead.output).to.match(/\n- {4}6 chain {7}not done: endpoint at http:\/\/127\.0\.0\.1:9 does not answer/);
    expect(dead.output).not.to.contain("my-key");
  });

  it("reports kind and receiptId in JSON, and null for what is not known", async () => {
    const reports = await Promise.all(
      ["open.json", "listed.json", "consistency.json", ground.write("none.json", "[]")].map(async (file) => {
        const { output } = await ground.verify(file, "--json");
        const { verdict, failure, kind, receiptId, steps, ...more } = JSON.parse(output);
        expect(more).to.deep.equal({});
        expect(steps[0]).to.have.all.keys("step", "name", "outcome", "detail", ...(failure ? ["failure"] : []));
        return [verdict, failure, kind, receiptId];
      }),
    );
    expect(reports).to.deep.equal([
      ["CONSISTENT", null, "delta", ground.delta.receiptId],
      ["CONSISTENT", null, "checkpoint", ground.checkpoint.proofRoot],
      ["CONSISTENT", null, "consistency", null],
      ["REFUSED", "SHAPE_INVALID", null, null],
    ]);
  });

  it("lets no file write into the report: what does not show is written out", async () => {
    const forged = "x\u001b[2K\r\nok   6 chain       \nVERIFIED\n\u202e\u{e0001}";
    const file = changed("blind.json", (receipt) => {
      receipt[forged] = 1;
    });
    const { code, output } = await ground.verify(file);
    expect(code).to.equal(11);
    expect(output.split("\n")).to.have.length(8);
    expect(output).to.contain("x\\u001b[2K\\u000d\\u000aok   6").and.to.contain("\\u202e\\udb40\\udc01");
    const json = (await ground.verify(file, "--json")).output;
    expect(json.replaceAll("\n", "")).not.to.match(/[\p{Cc}\p{Cf}]/u);
    expect(JSON.parse(json).steps[0].detail).to.contain(forged);
  });

  it("says what is wrong with a command line, and verifies nothing", async () => {
    ground.write("loose.json", { ...JSON.parse(policyText(ground.policy)), extra: 1 });
    const cases: [words: string[], problem: RegExp][] = [
      [[], /name one file/],
      [["open.json", "blind.json"], /name one file/],
      [["open.json", "--unknown"], /--unknown/],
      [["open.json", "--rpc", "ws://127.0.0.1:1"], /ws:.* is not an http or https URL/],
      [["open.json", ...Array.from({ length: 9 }, (_, i) => `--rpc=http://h${i}`)], /at most 8/],
      [["open.json", "--code-hash", "0x12"], /--code-hash takes 32 bytes/],
      [["open.json", "--fingerprint", HASH.toUpperCase()], /--fingerprint takes 32 bytes/],
      [["open.json", "--confirmations", "0"], /from 1 to 1000000/],
      [["open.json", "--confirmations", "1000001"], /from 1 to 1000000/],
      [["open.json", "--ledger", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"], /checksum/],
      [["open.json", "--customer", "a"], /needs a policy with a namespace/],
      [
        ["open.json", "--policy", "policy.json", "--customer", "a", "--ledger", `0x${"07".repeat(20)}`],
        /is not the ledger of a/,
      ],
      [["open.json", "--policy", "nowhere.json"], /nowhere\.json cannot be read/],
      [["open.json", "--policy", "open.json"], /open\.json is not a policy/],
      [["open.json", "--policy", "loose.json"], /loose\.json is not a policy: .*extra/],
      [["nowhere.json"], /nowhere\.json cannot be read/],
      [["."], /cannot be read/],
      [["consistency.json", "--fingerprint", HASH], /this is a consistency file/],
    ];
    const ended = await Promise.all(cases.map(([words]) => ground.verify(...words)));
    for (const [i, { code, output, errors }] of ended.entries()) {
      expect(code, cases[i]![0].join(" ")).to.equal(2);
      expect(output).to.equal("");
      expect(errors)
        .to.match(cases[i]![1])
        .and.match(/^tallyroot verify: /);
    }
  });

  it("ends a process with those codes, and reads the standard input", async () => {
    const { folder, server } = ground;
    const stdin = readFileSync(join(folder, "blind.json"), "utf8");
    const ended = await Promise.all([
      run("verify", ["-", "--policy", "policy.json"], folder, { stdin }),
      run("verify", [], folder),
      run("verify", ["-", "--rpc", DEAD], folder, { stdin }),
      run("verify", ["-"], folder, { stdin }),
      run("verify", ["-"], folder, { stdin: stdin.slice(1) }),
      run("verify", ["-", "--rpc", server.rpcUrl, "--code-hash", HASH], folder, { stdin }),
    ]);
    expect(ended.map(({ code }) => code)).to.deep.equal([0, 2, 3, 4, 11, 16]);
    expect(ended[0]).to.include(await ground.verify("blind.json", "--policy", "policy.json"));
  });

  it("explains itself with examples and every exit code", async () => {
    const { code, output } = await ground.verify("--help");
    expect(code).to.equal(0);
    expect(output)
      .to.contain("Examples:")
      .and.match(/0 VERIFIED; 1 .*; 2 .*; 3 .*; 4 CONSISTENT.*; 11 to 16 REFUSED/s);
  });

  it("ends with 1 when its report cannot be written, whatever the verdict is", () => {
    const main = fileURLToPath(import.meta.resolve("#src/cli/verify.ts"));
    const full = openSync("/dev/full", "w");
    const { status } = spawnSync(process.execPath, [main, join(ground.folder, "blind.json")], {
      stdio: ["ignore", full, "ignore"],
    });
    expect(status).to.equal(1);
  });

  it("writes nothing and starts nothing: it runs where neither is allowed", async () => {
    const before = readdirSync(ground.folder);
    const node = ["--permission", "--allow-fs-read=*"];
    const ended = await run("verify", ["open.json", "--policy", "policy.json"], ground.folder, { node });
    expect(ended).to.include({ code: 0, errors: "" });
    expect(readdirSync(ground.folder)).to.deep.equal(before);
  });

  it("loads arithmetic and questions to a chain, and no part or package of the server", () => {
    const loaded = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string) => {
      if (loaded.has(file)) return;
      loaded.add(file);
      for (const { specifier, typeOnly } of importsOf(sourceOf(file))) {
        if (typeOnly) continue;
        if (specifier.startsWith(".")) visit(posix.join(posix.dirname(file), specifier));
        else packages.add(specifier);
      }
    };
    visit("src/cli/verify.ts");
    expect(loaded.size).to.be.greaterThan(20);
    const own = /^src\/(?:core\/|cli\/verify|fast-keccak\.ts$|witness\/)/;
    expect([...loaded].filter((file) => !own.test(file))).to.deep.equal([]);
    expect([...packages].sort()).to.deep.equal([
      "@noble/hashes/sha3.js",
      "@noble/hashes/utils.js",
      "canonicalize",
      "csv-parse/sync",
      "hash-wasm",
      "node:fs",
      "node:util",
    ]);
  });
});
