import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { verifyFile } from "#src/core/verify-file.ts";
import { seeded } from "../../scripts/survive/random.ts";
import { mutant } from "./mutations.ts";
import { lineOf, openBatch, run, runPython } from "./python.ts";

const GOLDEN = fileURLToPath(new URL("../golden/1/", import.meta.url));
const CLI = fileURLToPath(import.meta.resolve("#src/cli/verify.ts"));
const golden = (name: string) => readFileSync(join(GOLDEN, name));

type Step = { step: number; name: string; outcome: string; failure?: string };
type Wanted = {
  verdict: string;
  failure: string | null;
  steps: string[];
  expected?: { namespace?: string; fingerprint?: string; ledger?: string };
};

describe("golden files: both implementations say what is written beside them", () => {
  const wanted = Object.entries(JSON.parse(golden("expected.json").toString()) as Record<string, Wanted>);
  /** Steps 1 to 5 as it is written, with the sixth that was not asked for. */
  const lineFrom = ({ verdict, failure, steps }: Wanted) =>
    `${verdict} ${failure ?? "-"} ${steps.map((outcome) => outcome[0]).join("")}${failure ? "" : "s"}`;

  it("where nothing is expected of them", async () => {
    const batch = openBatch();
    const differing: string[] = [];
    for (const [name, one] of wanted.filter(([, { expected }]) => !expected)) {
      const file = golden(name);
      const here = lineOf(verifyFile(file).steps);
      await batch.judge(file, (there) => {
        const [line, withoutChain] = [lineFrom(one), there.endsWith("s") && !one.failure ? there.slice(0, -1) : there];
        if (line !== there || here !== withoutChain) differing.push(`${name}: ${line}, here ${here}, there ${there}`);
      });
    }
    await batch.end();
    expect(differing).to.deep.equal([]);
    expect(wanted.length).to.be.above(100);
  });

  it("where a fingerprint, a namespace or a ledger is expected", async () => {
    const dir = mkdtempSync(join(tmpdir(), "golden-"));
    const expecting = wanted.filter(([, { expected }]) => expected);
    await Promise.all(
      expecting.map(async ([name, one], i) => {
        const { namespace, fingerprint, ledger } = one.expected!;
        const args = [join(GOLDEN, name), "--json"];
        if (fingerprint) args.push("--fingerprint", fingerprint);
        if (ledger) args.push("--ledger", ledger);
        if (namespace) {
          const { rpc: _, ...pins } = JSON.parse(golden("policy.json").toString());
          writeFileSync(join(dir, `${i}.json`), JSON.stringify({ ...pins, namespace }));
          args.push("--policy", join(dir, `${i}.json`));
        }
        const { code, stdout } = await runPython(args);
        const { verdict, failure, steps } = JSON.parse(stdout) as { verdict: string; failure: string; steps: Step[] };
        expect(`${verdict} ${failure} ${steps.map(({ outcome }) => outcome[0]).join("")}`, name).to.equal(
          lineFrom(one),
        );
        expect(code, name).to.equal(10 + one.steps.length);
      }),
    );
    rmSync(dir, { recursive: true });
    expect(expecting).to.have.lengthOf.at.least(3);
  });
});

describe("the two command lines: the same exit code and report", () => {
  const file = join(GOLDEN, "delta-open.json");
  const policy = join(GOLDEN, "policy.json");
  const cases: readonly (readonly [what: string, args: readonly string[], code: number])[] = [
    ["a receipt", [file], 4],
    ["a chain that does not answer", [file, "--policy", policy, "--rpc", "http://127.0.0.1:1"], 3],
    ["a file that is cut", [join(GOLDEN, "bad/text-truncated.json")], 11],
    ["a content of another customer", [join(GOLDEN, "bad/content-customer.json")], 12],
    [
      "a customer who was not expected",
      [file, "--policy", policy, "--customer", "cust_002", "--rpc", "http://127.0.0.1:1"],
      14,
    ],
    ["a consistency file whose sides are swapped", [join(GOLDEN, "bad/consistency-sides-swapped.json")], 14],
    ["another contract's hash", [file, "--code-hash", "0x12"], 2],
    ["a policy that is none", [file, "--policy", file], 2],
    ["a file that is not there", [join(GOLDEN, "no such file")], 2],
    [
      "a fingerprint for a file that has none",
      [join(GOLDEN, "consistency-heads.json"), "--fingerprint", `0x${"11".repeat(32)}`],
      2,
    ],
    ["a customer without a namespace", [file, "--customer", "cust_001"], 2],
  ];

  /** Runs both, and gives what they must have in common. */
  async function equal(what: string, args: readonly string[], input?: Uint8Array): Promise<number> {
    const [here, there] = await Promise.all([
      run(process.execPath, [CLI, ...args, "--json"], input),
      runPython([...args, "--json"], input),
    ]);
    expect(there.code, what).to.equal(here.code);
    const [said, saidThere] = [here, there].map(({ code, stdout }) => {
      if (code === 2) return "no report";
      const report = JSON.parse(stdout) as { steps: (Step & { detail?: string })[] };
      return { ...report, steps: report.steps.map(({ detail: _, ...step }) => step) };
    });
    expect(saidThere, what).to.deep.equal(said);
    return here.code;
  }

  it("for every kind of end", async () => {
    const codes = await Promise.all(cases.map(([what, args]) => equal(what, args)));
    expect(codes).to.deep.equal(cases.map(([, , code]) => code));
  });

  it("for what is changed at random", async () => {
    const originals = ["delta-open", "checkpoint-listed", "consistency-checkpoints"].map((name) => ({
      name,
      text: golden(`${name}.json`).toString(),
    }));
    const random = seeded(Date.now());
    const mutants = Array.from({ length: 4 }, () => mutant(random, originals));
    await Promise.all(
      mutants.map(({ how, file }) => equal(`${how}: ${Buffer.from(file).toString("base64")}`, ["-"], file)),
    );
  });
});
