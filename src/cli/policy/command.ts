import { existsSync, writeFileSync } from "node:fs";
import { compiledCodeHash } from "../../chain/compiled-code.ts";
import { deterministicAddress } from "../../chain/deterministic-address.ts";
import { checksumAddress } from "../../core/address.ts";
import { toHex } from "../../core/bytes.ts";
import { ChainUnavailableError } from "../../core/errors.ts";
import { type Policy, policyText } from "../../core/policy.ts";
import type { Finding } from "../../witness/agreement.ts";
import { confirmPlace } from "../../witness/confirm-place.ts";
import { confirmationsOf, endpointsOf, parsed, UsageError } from "../verify/arguments.ts";
import type { Ended } from "../verify/command.ts";
import { printable } from "../verify/report.ts";
import { SourceError } from "../verify/source.ts";
import { type ClaimedPlace, claimOf } from "./claim.ts";
import { OPTIONS } from "./options.ts";

const USAGE = `usage: tallyroot policy <URL of a server | receipt file | -> [options]
  --rpc URL          an endpoint of the chain, up to eight times: it goes into the policy, and is asked whether the
                     contract is there, with the code as it is compiled here, and knows the log
  --confirmations N  blocks from an anchor's on that you ask for (default 1: the anchor's own)
  --out FILE         where the policy goes (default: the standard output); an existing file is left alone`;

const HELP = `${USAGE}

Chain, contract and log stay the publisher's word until you have them from somewhere else too: the contract that you signed, its
site, somebody else who deals with it. The code hash is computed here and is nobody's word.

Exit codes: 0 written; 1 a fault of this program itself; 2 wrong usage, or a source that cannot be read; 3 an endpoint did not
answer; 16 an endpoint contradicts what the source says. Nothing is written but with 0.

Examples:
  tallyroot policy https://provider.example --rpc https://one.example --out policy.json
  tallyroot policy receipt.json --confirmations 12`;

const EXIT = { WRITTEN: 0, MISUSED: 2, UNANSWERED: 3, CONTRADICTED: 16 } as const;

/**
 * Makes a policy to review: what a server or a receipt says about chain, contract and log, with the code as it is compiled here.
 *
 * @param words the command line without the program's name.
 */
export async function policyCommand(words: readonly string[]): Promise<Ended> {
  try {
    return await makePolicy(words);
  } catch (error) {
    if (error instanceof ChainUnavailableError) return notWritten(EXIT.UNANSWERED, printable(error.message));
    if (error instanceof SourceError) return notWritten(EXIT.MISUSED, error.message);
    if (error instanceof UsageError) return notWritten(EXIT.MISUSED, `${error.message}. See: tallyroot policy --help`);
    throw error;
  }
}

function notWritten(code: number, why: string): Ended {
  return { code, output: "", errors: `tallyroot policy: nothing was written: ${why}\n` };
}

async function makePolicy(words: readonly string[]): Promise<Ended> {
  const { values, positionals } = parsed({ args: [...words], allowPositionals: true, options: OPTIONS });
  if (values.help) return { code: EXIT.WRITTEN, output: `${HELP}\n`, errors: "" };
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("name one URL or receipt file");
  const { out } = values;
  if (out !== undefined && existsSync(out))
    throw new UsageError(`${out} is there already: a policy is not overwritten`);
  const rpc = [...endpointsOf(values.rpc ?? [])];
  const confirmations = confirmationsOf(values.confirmations)!;
  const { claim, by } = await claimOf(name);
  const { chainId, contract, log, namespace } = claim;
  const policy: Policy = {
    chainId,
    contract,
    codeHash: compiledCodeHash(),
    log,
    confirmations,
    rpc,
    ...(namespace && { namespace }),
  };
  const confirmed = rpc.length === 0 ? undefined : await confirmPlace(rpc, policy);
  if (confirmed && "failure" in confirmed)
    return notWritten(EXIT.CONTRADICTED, `${confirmed.failure}: ${printable(confirmed.detail)}`);
  const text = policyText(policy);
  if (out !== undefined) write(out, text);
  return { code: EXIT.WRITTEN, output: out === undefined ? text : "", errors: remarks(policy, claim, by, confirmed) };
}

function write(file: string, text: string): void {
  try {
    // An existing file is somebody's policy: it may have appeared since it was looked for.
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new SourceError(`${file} cannot be written: ${error.message}`, { cause: error });
  }
}

/** What of the policy is whose word. */
function remarks(policy: Policy, claim: ClaimedPlace, by: string, confirmed: Finding | undefined): string {
  const lines = [
    `chain ${policy.chainId}, contract ${checksumAddress(policy.contract)}, log ${toHex(policy.log)}${policy.namespace ? `, namespace ${checksumAddress(policy.namespace)}` : ""}:`,
    `  the word of ${by}. Confirm them by another way before you rely on them.`,
    // It follows from the code: nobody can have put other code there.
    ...(toHex(policy.contract) === toHex(deterministicAddress())
      ? ["  The contract's address is the one that its code has on every network, and nobody's word."]
      : []),
    `code ${toHex(policy.codeHash)}:`,
    "  computed here from the contract's compiled source.",
    confirmed && "passed" in confirmed ? `  ${confirmed.passed}.` : "  Not compared with a chain: give --rpc.",
  ];
  if (claim.codeHash && toHex(claim.codeHash) !== toHex(policy.codeHash))
    lines.push(`  ${by} says that it is ${toHex(claim.codeHash)}: receipts will be refused for their code.`);
  return `${lines.join("\n")}\n`;
}
