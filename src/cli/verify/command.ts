import { ChainUnavailableError } from "../../core/errors.ts";
import { installKeccak } from "../../core/keccak.ts";
import { type OwnDelta, ownCopyContradiction } from "../../core/own-copy.ts";
import type { CheckpointReceipt } from "../../core/receipt.ts";
import { type FileVerification, verifyFile } from "../../core/verify-file.ts";
import { type Step, stepOf } from "../../core/verify-receipt.ts";
import { fastKeccak } from "../../fast-keccak.ts";
import { openWitness } from "../../witness/witness.ts";
import { confirmationsOf, endpointsOf, expectedLedger, hashOf, parsed, readPolicy, UsageError } from "./arguments.ts";
import { OPTIONS } from "./options.ts";
import { readOwnCopy } from "./own-copy.ts";
import { type Report, reportJson, reportOf, reportText } from "./report.ts";
import { readSource, SourceError } from "./source.ts";

const USAGE = `usage: tallyroot verify <file | - | URL> [options]
  the file           a receipt of a delta or checkpoint, or a consistency file; - is the standard input; a URL of a server's
                     /verify/0x… page or API stands for the receipt that it is about, which is then expected
  --policy FILE      what you pin: chain, contract, code, log, confirmations, endpoints, namespace (tallyroot policy makes one)
  --rpc URL          an endpoint of the chain, up to eight times, instead of the policy's; all must say the same.
                     One alone is believed whatever it says: ask two that have nothing to do with each other
  --code-hash 0x…    keccak-256 of the contract's runtime code, instead of the policy's
  --confirmations N  blocks from the anchor's on, instead of the policy's (default 1: the anchor's own)
  --fingerprint 0x…  the receiptId or proofRoot that the receipt must have
  --ledger 0x…       the ledger that the evidence must be of
  --customer ID      the same by the customer's id, with the policy's namespace
  --deltas FILE      for a checkpoint: your own copy of the ledger, from which its root and sums are recomputed. CSV with the
                     columns sequence, amount (or delta), recordedAt and, where you have them, balance and commitment; or
                     NDJSON with a delta, a delta receipt or the API's answer per line
  --json             the report as JSON`;

const HELP = `${USAGE}

Exit codes: 0 VERIFIED; 1 a fault of the verifier itself; 2 wrong usage, or a file that cannot be read; 3 the chain did not answer,
steps 1 to 5 are reported; 4 CONSISTENT, the chain was not to be asked; 11 to 16 REFUSED at step 1 to 6.

Examples:
  tallyroot verify receipt.json                                     steps 1 to 5, offline
  tallyroot verify receipt.json --policy policy.json                all six, against what you pinned
  tallyroot verify receipt.json --policy policy.json --rpc https://one.example --rpc https://other.example
  tallyroot verify https://provider.example/verify/0x… --policy policy.json --customer cust_001
  tallyroot verify checkpoint.json --policy policy.json --deltas ledger.csv
  curl -s https://provider.example/api/v1/receipt/0x… | tallyroot verify - --json`;

const EXIT = { VERIFIED: 0, MISUSED: 2, UNANSWERED: 3, CONSISTENT: 4, REFUSED: 10 } as const;

/** How a command ended: its exit code, and what it says on its two outputs. */
export type Ended = { code: number; output: string; errors: string };

/**
 * Verifies a file of evidence: steps 1 to 5 with nothing but the file, step 6 against the contract over any RPC endpoints. It writes
 * nothing.
 *
 * @param words the command line without the program's name.
 */
export async function verifyCommand(words: readonly string[]): Promise<Ended> {
  try {
    return await verify(words);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof SourceError)) throw error;
    const hint = error instanceof UsageError ? ". See: tallyroot verify --help" : "";
    return { code: EXIT.MISUSED, output: "", errors: `tallyroot verify: ${error.message}${hint}\n` };
  }
}

async function verify(words: readonly string[]): Promise<Ended> {
  const { values, positionals } = parsed({ args: [...words], allowPositionals: true, options: OPTIONS });
  if (values.help) return { code: EXIT.VERIFIED, output: `${HELP}\n`, errors: "" };
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("name one file, - or URL");
  const policy = values.policy === undefined ? undefined : await readPolicy(values.policy);
  const witness = openWitness({
    endpoints: endpointsOf(values.rpc ?? policy?.rpc ?? []),
    pins: { ...policy, codeHash: hashOf("--code-hash", values["code-hash"]) ?? policy?.codeHash },
    confirmations: confirmationsOf(values.confirmations) ?? policy?.confirmations ?? 1,
  });
  const ledger = expectedLedger(values, policy);
  const named = hashOf("--fingerprint", values.fingerprint);

  installKeccak(await fastKeccak());
  const source = await readSource(name);
  const fingerprint = named ?? source.fingerprint;
  const verification = verifyFile(source.bytes, {
    ...(fingerprint && { fingerprint }),
    ...(policy?.namespace && { namespace: policy.namespace }),
    ...(ledger && { ledger }),
  });
  const steps = values.deltas === undefined ? verification.steps : await withOwnCopy(verification, values.deltas);
  if (isRefused(steps)) return reported(verification, steps, values.json);
  if (fingerprint && verification.kind === "consistency")
    throw new UsageError("a receipt is expected by its fingerprint, and this is a consistency file");
  try {
    return reported(verification, [...steps, await witness.checkAll(verification.anchors)], values.json);
  } catch (error) {
    if (!(error instanceof ChainUnavailableError)) throw error;
    const notDone = stepOf(6, { skipped: `not done: ${error.message}` });
    return { ...reported(verification, [...steps, notDone], values.json), code: EXIT.UNANSWERED };
  }
}

function isRefused(steps: readonly Step[]): boolean {
  return steps.some(({ outcome }) => outcome === "failed");
}

function reported(verification: FileVerification, steps: readonly Step[], json: boolean): Ended {
  const report = reportOf(verification, steps);
  return { code: exitOf(report), output: json ? reportJson(report) : reportText(report), errors: "" };
}

function exitOf({ verdict, steps }: Report): number {
  return verdict === "REFUSED" ? EXIT.REFUSED + steps.length : EXIT[verdict];
}

/** The steps with what the own copy says in the place of step 4. @throws UsageError, SourceError */
async function withOwnCopy({ steps, receipt }: FileVerification, name: string): Promise<Step[]> {
  if (receipt?.kind !== "checkpoint") {
    if (isRefused(steps)) return steps;
    throw new UsageError("--deltas is for the receipt of a checkpoint");
  }
  const own = await readOwnCopy(name, receipt.checkpoint.ledger);
  const [shape, content, fingerprint, ledger, ...later] = steps;
  if (ledger === undefined || ledger.outcome === "failed") return steps;
  const compared = compareOwnCopy(receipt, own);
  const before = [shape!, content!, fingerprint!, compared];
  return compared.outcome === "failed" ? before : [...before, ...later];
}

function compareOwnCopy({ checkpoint, deltas }: CheckpointReceipt, own: readonly OwnDelta[]): Step {
  const { contradiction, rootRecomputed } = ownCopyContradiction(checkpoint, own, deltas);
  if (contradiction !== undefined)
    return stepOf(4, { failure: "CHECKPOINT_CONTRADICTION", detail: `by your own copy: ${contradiction}` });
  const root = rootRecomputed
    ? "root, count and balances"
    : "count and balances; its root was not recomputed, for not every row has its commitment";
  return stepOf(4, { passed: `your own copy of the ${checkpoint.count} deltas gives the window's ${root}` });
}
