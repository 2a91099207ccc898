import { writeFileSync } from "node:fs";
import { type Court, openCourt, type Signer, SignerError } from "../../chain/court.ts";
import { courtCall } from "../../chain/court-call.ts";
import { anchoredStatements, anchorIndexes } from "../../core/arbitration/anchored-statements.ts";
import { type Contradiction, findContradictions } from "../../core/arbitration/contradiction.ts";
import type { Place, Statements } from "../../core/arbitration/statement.ts";
import { findUnjudged } from "../../core/arbitration/unjudged.ts";
import { fromHex } from "../../core/bytes.ts";
import { ChainUnavailableError } from "../../core/errors.ts";
import { installKeccak } from "../../core/keccak.ts";
import { fastKeccak } from "../../fast-keccak.ts";
import { endpointsOf, parsed, readPolicy, UsageError } from "../verify/arguments.ts";
import { printable } from "../verify/report.ts";
import { SourceError } from "../verify/source.ts";
import { type Gathered, gatherEvidence } from "./evidence.ts";
import { OPTIONS } from "./options.ts";
import { EXIT_CODES, type Outcome, outcomeJson, outcomeText } from "./report.ts";
import { signerOf } from "./signer.ts";

const USAGE = `usage: tallyroot prove <receipt.json | consistency.json | URL | -> … --rpc URL [options]

  --rpc URL        an endpoint of the chain; instead of the policy's first
  --policy FILE    only what the policy pins is evidence, and the contract must have its code
  --key-file FILE  the key that pays for the transaction; or the environment variable TALLYROOT_PROVER_KEY
  --account N      an account that the endpoint signs for, as development chains do, counted from 0
  --dry-run        ask the contract, send nothing
  --out FILE       write the call {chainId, to, function, data}, for any wallet; without --rpc, that is all
  --json           the outcome as JSON

  Exit codes: 0 proven, or marked already · 1 a fault of this program · 2 wrong usage or an unreadable file ·
  3 the chain did not answer · 5 no contradiction · 6 one that the contract cannot judge · 7 the contract refused

  tallyroot prove mine.json theirs.json --rpc http://127.0.0.1:8545 --account 3
  tallyroot prove receipts/*.json --policy policy.json --dry-run`;

type Wishes = {
  court: Court | undefined;
  codeHash: Uint8Array | undefined;
  signer: Signer | undefined;
  send: boolean;
  out: string | undefined;
};

/** What a run of the command comes to: its exit code, and what it prints. */
export type Ended = { code: number; output: string; errors: string };

/**
 * Brings receipts that contradict each other before the contract, which marks the log for ever if they do.
 *
 * @param words the command line.
 * @param environmentKey TALLYROOT_PROVER_KEY, where it is set.
 */
export async function proveCommand(words: readonly string[], environmentKey: string | undefined): Promise<Ended> {
  try {
    return await answer(words, environmentKey);
  } catch (error) {
    if (error instanceof ChainUnavailableError)
      return ended(3, `the chain did not answer: ${printable(error.message)}`);
    if (error instanceof UsageError) return ended(2, `${printable(error.message)}. See: tallyroot prove --help`);
    if (error instanceof SourceError || error instanceof SignerError) return ended(2, printable(error.message));
    throw error;
  }
}

function ended(code: number, message: string): Ended {
  return { code, output: "", errors: `tallyroot prove: ${message}\n` };
}

async function answer(words: readonly string[], environmentKey: string | undefined): Promise<Ended> {
  const { values, positionals } = parsed({
    args: [...words],
    allowPositionals: true,
    options: OPTIONS,
  });
  if (values.help) return { code: 0, output: `${USAGE}\n`, errors: "" };
  if (positionals.length === 0) throw new UsageError("name the files that contradict each other");
  const policy = values.policy === undefined ? undefined : await readPolicy(values.policy);
  const [rpc] = endpointsOf(values.rpc === undefined ? (policy?.rpc ?? []) : [values.rpc]);
  if (rpc === undefined && (values.out === undefined || values["dry-run"]))
    throw new UsageError("--rpc is missing: without it the call can only be written, with --out");
  const signer = await signerOf({ ...values, environment: environmentKey });
  const send = rpc !== undefined && !values["dry-run"] && (signer !== undefined || values.out === undefined);
  if (send && !signer)
    throw new UsageError("say who pays: --key-file, --account or TALLYROOT_PROVER_KEY; or --dry-run");

  installKeccak(await fastKeccak());
  const evidence = await gatherEvidence(positionals, policy);
  const court = rpc === undefined ? undefined : openCourt(rpc, evidence.place);
  const outcome = await prove(evidence, { court, codeHash: policy?.codeHash, signer, send, out: values.out });
  const output = values.json ? outcomeJson(outcome) : outcomeText(outcome);
  return { code: EXIT_CODES[outcome.verdict], output, errors: "" };
}

async function prove(
  { place, statements }: Gathered,
  { court, codeHash, signer, send, out }: Wishes,
): Promise<Outcome> {
  const judged = findContradictions(statements);
  const outcome = {
    place,
    statements,
    contradiction: judged[0],
    found: judged.length,
    unjudged: findUnjudged(statements),
  };
  if (judged.length === 0 && outcome.unjudged.length === 0) return { ...outcome, verdict: "NO_CONTRADICTION" };
  if (!court) return judged[0] ? found(outcome, judged[0], out) : { ...outcome, verdict: "NOT_JUDGEABLE" };

  const misplaced = await court.examine(codeHash);
  if (misplaced) throw new UsageError(`${misplaced.failure}: ${misplaced.detail}`);
  const marked = await court.markedSince();
  const anchored = anchoredStatements(statements, await rootsOf(court, statements));
  const contradictions = findContradictions(anchored);
  // Where nothing of it is anchored, the contract is asked all the same: it says why it does not take it.
  const chosen = contradictions[0] ?? judged[0];
  const known = {
    ...outcome,
    statements: anchored,
    contradiction: chosen,
    found: Math.max(contradictions.length, chosen ? 1 : 0),
    unjudged: findUnjudged(anchored),
    marked,
  };
  if (chosen && out !== undefined) writeCall(place, chosen, out);
  if (marked) return { ...known, verdict: "ALREADY_MARKED" };
  if (!chosen) return { ...known, verdict: known.unjudged.length > 0 ? "NOT_JUDGEABLE" : "NO_CONTRADICTION" };

  const call = courtCall(place, chosen);
  const tried = await court.tryOut(call, signer);
  if ("refusal" in tried) return { ...known, verdict: "REFUSED", ...tried };
  if (!send || !signer) return { ...known, verdict: "ACCEPTED", ...tried };
  const judgement = await court.bring(call, signer);
  if ("refusal" in judgement) return { ...known, verdict: "REFUSED", ...judgement };
  return { ...known, verdict: "PROVEN", judgement, marked: await court.markedSince() };
}

function found(outcome: Omit<Outcome, "verdict">, chosen: Contradiction, out: string | undefined): Outcome {
  if (out !== undefined) writeCall(outcome.place, chosen, out);
  return { ...outcome, verdict: "FOUND" };
}

/** What the contract holds at each anchor that the evidence names. */
async function rootsOf(court: Court, statements: Statements): Promise<Map<bigint, Uint8Array | undefined>> {
  const roots = new Map<bigint, Uint8Array | undefined>();
  for (const index of anchorIndexes(statements)) {
    const root = await court.anchoredRoot(index);
    roots.set(index, root && fromHex(root, 32));
  }
  return roots;
}

function writeCall(place: Place, chosen: Contradiction, file: string): void {
  const call = { chainId: place.chainId.toString(), ...courtCall(place, chosen) };
  try {
    writeFileSync(file, `${JSON.stringify(call, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new UsageError(`${file} cannot be written: ${error.message}`, { cause: error });
  }
}
