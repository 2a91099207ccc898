import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodeConsistency } from "#src/core/consistency.ts";
import { canonicalJson } from "#src/core/content.ts";
import { installKeccak } from "#src/core/keccak.ts";
import { policyText } from "#src/core/policy.ts";
import { encodeReceipt } from "#src/core/receipt.ts";
import { type FileVerification, verifyFile } from "#src/core/verify-file.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { openWitness } from "#src/witness/witness.ts";
import { type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { seeded } from "../../scripts/survive/random.ts";
import { type Mutant, mutant } from "./mutations.ts";
import { anchorEvidence, type Evidence } from "./mutations-evidence.ts";
import { type Batch, lineOf, openBatch } from "./python.ts";

const MANY = Number(process.env.PROPERTY_RUNS ?? 0) >= 10_000;
/** How many mutants are made; a million takes some 20 minutes, or 10 where nothing else runs. */
const MUTATIONS = Number(process.env.MUTATIONS ?? (MANY ? 20_000 : 3_000));
/** The same seed makes the same mutants. */
const SEED = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 32);

/** The members of an anchor that only step 6 can judge. */
const JUDGED_ON_CHAIN = "chainId contract log index size transactionHash blockNumber blockHash blockTime".split(" ");

/** What an accepted file says, in the one way of RFC 8785: two files that say the same have the same. */
function evidenceOf({ receipt, consistency }: FileVerification): string {
  return canonicalJson(receipt ? encodeReceipt(receipt) : encodeConsistency(consistency!));
}

function withoutAnchors(evidence: string): string {
  return evidence.replaceAll(/"anchor":(\{[^}]*\})/g, (_, anchor: string) => {
    const members = JSON.parse(anchor) as Record<string, string>;
    for (const name of JUDGED_ON_CHAIN) delete members[name];
    return JSON.stringify(members);
  });
}

describe(`${MUTATIONS.toLocaleString("en")} random mutations of receipts (seed ${SEED})`, function () {
  this.timeout(7_200_000);
  let ground: Ground;
  let evidence: Evidence;
  let dir: string;
  /** The second implementation without a chain, and with one. */
  let offline: Batch;
  let online: Batch;

  before(async () => {
    installKeccak(await fastKeccak());
    ground = await startGround();
    evidence = await anchorEvidence(ground);
    dir = mkdtempSync(join(tmpdir(), "mutations-"));
    const policy = join(dir, "policy.json");
    writeFileSync(policy, policyText(evidence.policy));
    [offline, online] = [openBatch(), openBatch(["--policy", policy])];
  });
  after(async () => {
    await ground.stop();
    rmSync(dir, { recursive: true });
    await Promise.all([offline.end(), online.end()]);
  });

  /** Step 6, as this implementation sees it. */
  async function onChain({ steps, anchors }: FileVerification): Promise<string> {
    const { rpc, confirmations, ...pins } = evidence.policy;
    return lineOf([...steps, await openWitness({ endpoints: rpc, pins, confirmations }).checkAll(anchors)]);
  }

  it("finds every original true, in both implementations", async () => {
    for (const { name, text } of evidence.originals) {
      const file = Buffer.from(text);
      const line = await onChain(verifyFile(file, evidence.policy));
      expect(line, name).to.match(/^VERIFIED - /);
      await online.judge(file, (answer) => expect(answer, name).to.equal(line));
    }
    await online.settled();
  });

  it("accepts none of them that says anything else, crashes on none, and judges all alike", async () => {
    const { originals } = evidence;
    const honest = new Set(originals.map(({ text }) => canonicalJson(JSON.parse(text))));
    const honestButForAnchors = new Set([...honest].map(withoutAnchors));
    const asked = new Set<string>();
    const seen = { refused: 0, same: 0, onChain: 0 };
    const codes = new Map<string, number>();
    const faults: string[] = [];
    const fault = (what: string, { how, file }: Mutant) => {
      if (faults.length < 20) faults.push(`${what}: ${how}\n${Buffer.from(file).toString("base64")}`);
    };

    const random = seeded(SEED);
    for (let i = 0; i < MUTATIONS; i++) {
      const made = mutant(random, originals);
      const found = verifyFile(made.file);
      const line = lineOf(found.steps);
      const expected = line.startsWith("REFUSED") ? line : `${line}s`;
      const code = line.split(" ")[1]!;
      codes.set(code, (codes.get(code) ?? 0) + 1);
      await offline.judge(made.file, (answer) => {
        if (answer !== expected) fault(`"${expected}", and the second implementation "${answer}"`, made);
      });
      if (code !== "-") {
        seen.refused += 1;
        continue;
      }
      const says = evidenceOf(found);
      if (honest.has(says)) {
        seen.same += 1;
        continue;
      }
      if (!honestButForAnchors.has(withoutAnchors(says))) fault("accepted", made);
      // Whatever the chain says about these anchors, it says once.
      const question = JSON.stringify(found.anchors, (_, value) => (typeof value === "bigint" ? `${value}` : value));
      if (asked.has(question)) continue;
      asked.add(question);
      seen.onChain += 1;
      const answered = await onChain(found);
      if (!/^REFUSED \w+ [ps]{5}f$/.test(answered)) fault(`accepted by the chain, "${answered}"`, made);
      await online.judge(made.file, (answer) => {
        if (answer !== answered) fault(`"${answered}", and the second implementation "${answer}"`, made);
      });
    }
    await Promise.all([offline.settled(), online.settled()]);
    if (process.env.MUTATIONS)
      process.stdout.write(`      ${JSON.stringify(seen)} ${JSON.stringify(Object.fromEntries(codes))}\n`);
    expect(faults.join("\n"), `seed ${SEED}`).to.equal("");
    // Nothing would be shown if all were refused for their shape.
    expect(seen.same).to.be.above(0);
    expect(seen.onChain).to.be.above(0);
    expect(codes.size).to.be.above(8);
  });
});
