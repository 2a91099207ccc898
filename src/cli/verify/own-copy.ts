import { CsvError, parse } from "csv-parse/sync";
import { checksumAddress } from "../../core/address.ts";
import { parseAmount } from "../../core/amount.ts";
import { sameBytes, utf8 } from "../../core/bytes.ts";
import { TallyrootError } from "../../core/errors.ts";
import type { Delta } from "../../core/fingerprint.ts";
import type { OwnDelta } from "../../core/own-copy.ts";
import { DELTA, decodeReceipt } from "../../core/receipt.ts";
import { HASH, objectAt, ShapeError, UINT64 } from "../../core/shape.ts";
import { JsonTextError, parseStrictJson } from "../../core/strict-json.ts";
import { UsageError } from "./arguments.ts";
import { printable } from "./report.ts";
import { readInput } from "./source.ts";

/** Bytes of an own copy: more than a million rows. */
const MAX_OWN_BYTES = 256 * 1024 * 1024;
const ISO_TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,3})?Z$/;

/** The members of a row as the API and people write them, before they are read. */
type Written = {
  sequence: unknown;
  amount: unknown;
  balance?: unknown;
  recordedAt: unknown;
  commitment?: unknown;
  ledger?: unknown;
};

/**
 * A counterparty's own copy of a ledger: CSV with a header, or NDJSON with a delta per line, as it is in a receipt, as a whole receipt,
 * or as the API answers it.
 *
 * @param ledger the ledger that the rows must be of, where they say of which they are.
 * @throws UsageError naming the first row that cannot be read; SourceError
 */
export async function readOwnCopy(name: string, ledger: Uint8Array): Promise<OwnDelta[]> {
  const bytes = await readInput(name, MAX_OWN_BYTES);
  if (bytes.length > MAX_OWN_BYTES) throw new UsageError(`${name} has more than ${MAX_OWN_BYTES} bytes`);
  return ownRows(
    name,
    Buffer.from(bytes)
      .toString("utf8")
      .replace(/^\ufeff/, ""),
    ledger,
  );
}

export function ownRows(name: string, text: string, ledger: Uint8Array): OwnDelta[] {
  const rows = text.trimStart().startsWith("{") ? ndjsonRows(text) : csvRows(name, text);
  return rows.map(({ line, read }) => {
    try {
      return read(ledger);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      throw new UsageError(`${name}, line ${line}: ${printable(error.message)}`, { cause: error });
    }
  });
}

type Row = { line: number; read(ledger: Uint8Array): OwnDelta };

/** What a row can be refused with: every reader says it in its own way. */
function isUnreadable(error: unknown): error is Error {
  return (
    error instanceof ShapeError ||
    error instanceof JsonTextError ||
    (error instanceof TallyrootError && ["VALIDATION_ERROR", "AMOUNT_NOT_EXACT"].includes(error.code))
  );
}

function csvRows(name: string, text: string): Row[] {
  try {
    const records = parse(text, { columns: true, skip_empty_lines: true, trim: true, info: true }) as unknown as {
      record: Record<string, string>;
      info: { lines: number };
    }[];
    return records.map(({ record, info }) => ({ line: info.lines, read: () => csvDelta(record) }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UsageError(`${name} is neither NDJSON nor CSV: ${printable(error.message)}`, { cause: error });
  }
}

function csvDelta({
  sequence,
  amount,
  delta,
  balance,
  recordedAt,
  commitment,
}: Record<string, string | undefined>): OwnDelta {
  if (amount !== undefined && delta !== undefined)
    throw new ShapeError("amount", "stands beside a column delta: which is it?");
  return writtenDelta({
    sequence,
    amount: amount ?? delta,
    balance: balance || undefined,
    recordedAt,
    commitment: commitment || undefined,
  });
}

function ndjsonRows(text: string): Row[] {
  const lines = text.split("\n").map((line, i) => ({ line: i + 1, text: line.trim() }));
  return lines
    .filter((line) => line.text !== "")
    .map((line) => ({
      line: line.line,
      read: (ledger) => jsonDelta(objectAt("delta", parseStrictJson(utf8(line.text))), ledger),
    }));
}

function jsonDelta(value: Record<string, unknown>, ledger: Uint8Array): OwnDelta {
  if ("format" in value) {
    const receipt = decodeReceipt(value);
    if (receipt.kind !== "delta") throw new ShapeError("kind", 'must be "delta"');
    return ofLedger(receipt.delta, ledger);
  }
  if ("deltaExact" in value) {
    const { ledgerIdentifier, sequence, deltaExact, balanceExact, recordedAt, commitment } = value;
    if (ledgerIdentifier !== undefined && ledgerIdentifier !== checksumAddress(ledger)) throw otherLedger();
    return writtenDelta({ sequence, amount: deltaExact, balance: balanceExact, recordedAt, commitment });
  }
  return ofLedger(DELTA.decode("", value), ledger);
}

function ofLedger(delta: Delta, ledger: Uint8Array): Delta {
  if (!sameBytes(delta.ledger, ledger)) throw otherLedger();
  return delta;
}

function otherLedger(): ShapeError {
  return new ShapeError("ledger", "is another than the checkpoint's");
}

function writtenDelta({ sequence, amount, balance, recordedAt, commitment }: Written): OwnDelta {
  return {
    sequence: UINT64.decode("sequence", typeof sequence === "number" ? String(sequence) : sequence),
    amount: parseAmount(textAt("amount", amount)),
    balance: balance === undefined ? undefined : parseAmount(textAt("balance", balance)),
    recordedAt: timeOf(recordedAt),
    commitment: commitment === undefined ? undefined : HASH.decode("commitment", commitment),
  };
}

function textAt(path: string, value: unknown): string {
  if (typeof value !== "string") throw new ShapeError(path, "must be there, as text");
  return value;
}

/** Unix milliseconds, of digits or of a time in UTC as ISO 8601 writes it. */
function timeOf(value: unknown): bigint {
  const text = textAt("recordedAt", value);
  if (!ISO_TIME.test(text)) return UINT64.decode("recordedAt", text);
  const time = Date.parse(text);
  if (Number.isNaN(time) || time < 0) throw new ShapeError("recordedAt", "is no time");
  return BigInt(time);
}
