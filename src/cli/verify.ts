import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openWitness } from "../chain/witness.ts";
import type { Hex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { STEPS, type Step, stepOf, verifyReceipt } from "../core/verify-receipt.ts";

/** Verifies a receipt file: steps 1 to 5 with nothing but the file, step 6 against a contract over any RPC endpoint. */

const USAGE = `usage: npm run verify -- <receipt.json | -> [--rpc URL] [--code-hash 0x…] [--confirmations N] [--json]`;
const MARK = { passed: "ok  ", failed: "FAIL", skipped: "-   " } as const;

/** 0: all that was asked for passed. 1: a step failed. 2: wrong usage, or the file is not JSON. 3: the chain did not answer. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rpc: { type: "string" },
      "code-hash": { type: "string" },
      confirmations: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
    },
  });
  const [file, ...more] = positionals;
  const codeHash = values["code-hash"];
  if (
    file === undefined ||
    more.length > 0 ||
    !/^[1-9][0-9]{0,6}$/.test(values.confirmations) ||
    (codeHash !== undefined && !/^0x[0-9a-f]{64}$/.test(codeHash))
  ) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const { steps, receipt } = verifyReceipt(JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8")));
  if (receipt && !steps.some((step) => step.outcome === "failed"))
    steps.push(await lastStep(values.rpc, codeHash as Hex | undefined, Number(values.confirmations), receipt));
  const failed = steps.some((step) => step.outcome === "failed");
  const verdict = failed
    ? "REFUSED"
    : steps.at(-1)!.outcome === "passed"
      ? "VERIFIED"
      : "CONSISTENT, NOT CHECKED AGAINST THE CHAIN";
  process.stdout.write(values.json ? `${JSON.stringify({ verdict, steps }, null, 2)}\n` : report(steps, verdict));
  return failed ? 1 : 0;

  async function lastStep(
    rpcUrl: string | undefined,
    pinned: Hex | undefined,
    confirmations: number,
    found: NonNullable<typeof receipt>,
  ): Promise<Step> {
    if (rpcUrl === undefined)
      return stepOf(6, { skipped: "no RPC endpoint was given (--rpc): the contract was not asked" });
    return openWitness({ rpcUrl, codeHash: pinned, confirmations }).check(found.anchor);
  }
}

function report(steps: Step[], verdict: string): string {
  const lines = steps.map(
    (step) =>
      `${MARK[step.outcome]} ${step.step} ${step.name.padEnd(11)} ${step.outcome === "failed" ? `${step.failure}: ` : ""}${step.detail}`,
  );
  const rest = STEPS.slice(steps.length).map(
    (name, i) => `     ${steps.length + i + 1} ${name.padEnd(11)} not reached`,
  );
  return `${[...lines, ...rest, verdict].join("\n")}\n`;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof ChainUnavailableError) {
    process.stderr.write(`tallyroot verify: the chain did not answer: ${error.message}\n`);
    process.exitCode = 3;
  } else if (error instanceof Error && ("code" in error || error instanceof SyntaxError)) {
    process.stderr.write(`tallyroot verify: ${error.message}\n${USAGE}\n`);
    process.exitCode = 2;
  } else throw error;
}
