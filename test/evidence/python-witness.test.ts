import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { checksumAddress } from "#src/core/address.ts";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { ChainUnavailableError } from "#src/core/errors.ts";
import { type Policy, policyText } from "#src/core/policy.ts";
import { verifyFile } from "#src/core/verify-file.ts";
import { openWitness } from "#src/witness/witness.ts";
import { anchorOf, deltaEvidence, headOf, history } from "#test/contract/evidence.ts";
import { type Ground, PUBLISHER, startGround } from "#test/ledger/anchoring-ground.ts";
import { type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";
import { LIES, SILENT } from "./lies.ts";
import { anchorEvidence, type Evidence } from "./mutations-evidence.ts";
import { lineOf, openBatch } from "./python.ts";

/** 32 bytes that are nothing's hash. */
const OTHER = new Uint8Array(32).fill(1);

describe("step 6: both implementations hear the same from any endpoint", () => {
  let ground: Ground;
  let evidence: Evidence;
  let dir: string;
  let liar: LyingEndpoint;
  let file: Uint8Array;

  before(async () => {
    ground = await startGround();
    evidence = await anchorEvidence(ground);
    dir = mkdtempSync(join(tmpdir(), "equal-verdicts-"));
    liar = await startLyingEndpoint(ground.chain.rpcUrl);
    file = Buffer.from(evidence.originals.find(({ name }) => name === "blind delta 7")!.text);
  });
  after(async () => {
    liar.stop();
    await ground.stop();
    rmSync(dir, { recursive: true });
  });

  let policies = 0;
  /** The flags for a policy; without pins, for its endpoints alone. */
  function flagsOf(policy: Policy, pinned: boolean): string[] {
    if (!pinned) return policy.rpc.flatMap((url) => ["--rpc", url]);
    const name = join(dir, `${policies++}.json`);
    writeFileSync(name, policyText(policy));
    return ["--policy", name];
  }

  /** Both, asked about one file after the other: VERIFIED, CONSISTENT or a failure, or how they differ. */
  function opened(change: Partial<Policy>, pinned = true) {
    const policy = { ...evidence.policy, ...change };
    const { rpc: endpoints, confirmations, ...pins } = policy;
    const witness = openWitness({ endpoints, confirmations, pins: pinned ? pins : {} });
    const python = openBatch(flagsOf(policy, pinned));
    const here = async (of: Uint8Array): Promise<string> => {
      const { steps, anchors } = verifyFile(of);
      try {
        return lineOf([...steps, await witness.checkAll(anchors)]);
      } catch (error) {
        if (!(error instanceof ChainUnavailableError)) throw error;
        return `${lineOf(steps)}s`;
      }
    };
    const there = (of: Uint8Array) =>
      new Promise<string>((answer, reject) => void python.judge(of, answer).catch(reject));
    return {
      async say(of: Uint8Array): Promise<string> {
        const lines = await Promise.all([here(of), there(of)]);
        const [verdict, failure] = lines[0].split(" ");
        return lines[0] !== lines[1] ? lines.join(" and ") : failure === "-" ? verdict! : failure!;
      },
      end: python.end,
    };
  }

  async function said(of: Uint8Array, change: Partial<Policy>, pinned = true): Promise<string> {
    const both = opened(change, pinned);
    const says = await both.say(of);
    await both.end();
    return says;
  }

  it("whatever one endpoint answers in place of the chain", async () => {
    const found: Record<string, string> = {};
    const wanted: Record<string, string> = {};
    const [pinning, open] = [opened({ rpc: [liar.url] }), opened({ rpc: [liar.url] }, false)];
    for (const [name, [lie, pinned, trusting]] of Object.entries(LIES)) {
      liar.lie = lie;
      wanted[name] = `${pinned}, nothing pinned: ${trusting ?? pinned}`;
      found[name] = (await Promise.all([pinning.say(file), open.say(file)])).join(", nothing pinned: ");
    }
    await Promise.all([pinning.end(), open.end()]);
    expect(found).to.deep.equal(wanted);
  });

  it("and from several of them", async () => {
    const beside: Readonly<Record<string, string>> = {
      "none at all": "VERIFIED",
      "another root": "ENDPOINTS_DISAGREE",
      "no block": "ENDPOINTS_DISAGREE",
      "a page": SILENT,
    };
    const several = opened({ rpc: [ground.chain.rpcUrl, liar.url] });
    for (const [lie, says] of Object.entries(beside)) {
      liar.lie = LIES[lie]![0];
      expect(await several.say(file), lie).to.equal(says);
    }
    liar.lie = LIES["another root"]![0];
    await several.end();
    expect(await said(file, { rpc: [liar.url, liar.url.replace("127.0.0.1", "localhost")] })).to.equal("ROOT_MISMATCH");
  });

  it("and refuse what the verifier did not pin, asked or not", async () => {
    const rpc: string[] = [];
    const cases: readonly (readonly [change: Partial<Policy>, says: string])[] = [
      [{ rpc, chainId: 1n }, "CHAIN_MISMATCH"],
      [{ rpc, contract: OTHER.slice(12) }, "CONTRACT_NOT_EXPECTED"],
      [{ rpc, log: OTHER }, "LOG_NOT_EXPECTED"],
      [{ log: OTHER }, "LOG_NOT_EXPECTED"],
      [{ codeHash: OTHER }, "CODE_MISMATCH"],
      [{ confirmations: 1_000 }, "NOT_CONFIRMED"],
      [{ rpc }, "CONSISTENT"],
    ];
    const found = await Promise.all(cases.map(([change]) => said(file, change)));
    expect(found).to.deep.equal(cases.map(([, says]) => says));
  });

  it("and refuse a contract of other code, and a log that is marked", async () => {
    const at = (contract: string) =>
      Buffer.from(Buffer.from(file).toString().replaceAll(checksumAddress(evidence.policy.contract), contract));
    const [open, pinning] = [opened({}, false), opened({})];
    // Runtime code that reverts every call, and that returns nothing; at last no code.
    for (const data of ["0x6005600c60003960056000f360006000fd", "0x6001600c60003960016000f300"] as const) {
      const hash = await ground.wallet.sendTransaction({ data });
      const { contractAddress } = await ground.client.waitForTransactionReceipt({ hash });
      const deployed = checksumAddress(fromHex(contractAddress!.toLowerCase(), 20));
      expect(await open.say(at(deployed))).to.equal("CODE_MISMATCH");
    }
    expect(await open.say(at(checksumAddress(OTHER.slice(12))))).to.equal("CODE_MISMATCH");
    expect(await pinning.say(file)).to.equal("VERIFIED");

    const { contract, place } = evidence.log;
    const from = { account: PUBLISHER, chain: null };
    const deltas = history(`0x${"11".repeat(20)}`, [5n]).map((delta) => ({ ...delta, balance: 6n }));
    const statement = headOf(deltas);
    const lie = anchorOf(3n, [statement]);
    await ground.client.waitForTransactionReceipt({
      hash: await contract.write.append([toHex(place.log), 3n, lie.root, lie.size], from),
    });
    const proof = deltaEvidence(lie, statement, deltas[0]!);
    await ground.client.waitForTransactionReceipt({
      hash: await contract.write.proveFirstImbalance([toHex(place.log), proof], from),
    });
    for (const { name, text } of evidence.originals)
      if (/^(blind delta 1|checkpoint 1|consistency 2\d)$/.test(name))
        expect(await pinning.say(Buffer.from(text)), name).to.equal("LOG_MARKED");
    await Promise.all([open.end(), pinning.end()]);
  });
});
