import {
  addConsistency,
  addReceipt,
  noStatements,
  type Place,
  type Statements,
} from "../../core/arbitration/statement.ts";
import { sameBytes, toHex } from "../../core/bytes.ts";
import { CONSISTENCY_FORMAT, decodeConsistency } from "../../core/consistency.ts";
import { type Policy, pinFailure } from "../../core/policy.ts";
import { type AnchorReference, decodeReceipt } from "../../core/receipt.ts";
import { ShapeError } from "../../core/shape.ts";
import { JsonTextError, parseStrictJson } from "../../core/strict-json.ts";
import { anchorsOf } from "../../core/verify-consistency.ts";
import { UsageError } from "../verify/arguments.ts";
import { printable } from "../verify/report.ts";
import { readSource } from "../verify/source.ts";

/** What all files say together, and the one log that they are about. */
export type Gathered = { place: Place; statements: Statements };

type EvidenceFile = {
  source: string;
  anchors: AnchorReference[];
  /** Undefined for a consistency file. */
  receiptId?: Uint8Array;
  add(to: Statements): void;
};

/**
 * Reads receipts and consistency files, and takes them apart into statements of one log: that of the policy, or else the one that all
 * files name. What a policy does not pin is left out by name.
 *
 * @throws UsageError for a file that is not of its format, and for files of several logs without a policy; SourceError
 */
export async function gatherEvidence(names: readonly string[], policy: Policy | undefined): Promise<Gathered> {
  const statements = noStatements();
  let place: Place | undefined = policy;
  for (const name of names) {
    const { bytes, fingerprint } = await readSource(name);
    const file = readEvidence(name, bytes);
    const leave = (failure: Statements["leftOut"][number]["failure"], detail: string) =>
      statements.leftOut.push({ source: name, what: "the file", failure, detail });
    const [anchor] = file.anchors as [AnchorReference];
    const unexpected = policy && file.anchors.map((one) => pinFailure(policy, one)).find(Boolean);
    if (unexpected) leave(unexpected.failure, unexpected.detail);
    else if (file.anchors.some((one) => !isSamePlace(one, anchor)))
      leave("LOGS_DIFFER", "the anchors in the file are of several logs");
    else if (fingerprint && file.receiptId && !sameBytes(fingerprint, file.receiptId))
      leave("FINGERPRINT_NOT_EXPECTED", "the receipt is another one than the URL asks for");
    else {
      place ??= anchor;
      if (!isSamePlace(anchor, place))
        throw new UsageError(
          `${names[0]} and ${name} are of different logs: evidence counts within one log, which --policy can pin`,
        );
      file.add(statements);
    }
  }
  if (!place) throw new UsageError("none of the files is of one log");
  return { place, statements };
}

function readEvidence(source: string, bytes: Uint8Array): EvidenceFile {
  try {
    const value = parseStrictJson(bytes);
    if (typeof value === "object" && value !== null && "format" in value && value.format === CONSISTENCY_FORMAT) {
      const consistency = decodeConsistency(value);
      return { source, anchors: anchorsOf(consistency), add: (to) => addConsistency(to, source, consistency) };
    }
    const receipt = decodeReceipt(value);
    const { anchor, receiptId } = receipt;
    return { source, anchors: [anchor], receiptId, add: (to) => addReceipt(to, source, receipt) };
  } catch (error) {
    if (!(error instanceof JsonTextError || error instanceof ShapeError)) throw error;
    throw new UsageError(`${source} is neither a receipt nor a consistency file: ${printable(error.message)}`, {
      cause: error,
    });
  }
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.chainId === b.chainId && toHex(a.contract) === toHex(b.contract) && toHex(a.log) === toHex(b.log);
}
