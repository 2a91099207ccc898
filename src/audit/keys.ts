import type { KeyObject } from "node:crypto";
import { ledgerAddress, namespaceOf } from "../core/address.ts";
import { sameBytes, toHex, utf8 } from "../core/bytes.ts";
import { type OpenKey, openLedgerKey } from "../ledger/keyring.ts";
import { SealBrokenError, unseal } from "../ledger/seal.ts";
import { each } from "./cursor.ts";
import type { Findings } from "./findings.ts";
import type { AuditStore, LedgerRow } from "./port.ts";
import { reportRow } from "./row-problem.ts";

/** Rows read at once. */
const PAGE = 500;

/**
 * The keys of one ledger by generation. `erased`: destroyed on purpose. `closed`: there, and not opened, for want of the master key.
 * `broken`: it did not open.
 */
export type LedgerKeys = ReadonlyMap<number, OpenKey | "erased" | "closed" | "broken">;

/** The namespaces of the tenants, as far as the master key opens their secrets. */
export type Namespaces = ReadonlyMap<number, Uint8Array | undefined>;

type Parts = { store: AuditStore; master: KeyObject | undefined; findings: Findings };

/** Opens the secrets of all tenants. */
export async function auditTenants({ store, master, findings }: Parts): Promise<Namespaces> {
  const namespaces = new Map<number, Uint8Array | undefined>();
  for await (const entry of each((after: number) => store.tenants(after, PAGE), 0)) {
    if (!entry.row) {
      reportRow(findings, "tenants", { tenant: entry.key }, entry);
      continue;
    }
    const { id, name, sealedSecret } = entry.row;
    const secret = master && open(() => unseal(master, utf8(`tenant:${name}`), sealedSecret));
    if (master && !secret) {
      const problem = "the tenant's secret does not open";
      findings.add({ code: "SEAL_BROKEN", table: "tenants", row: { tenant: id }, problem });
    }
    namespaces.set(id, secret && namespaceOf(secret));
  }
  return namespaces;
}

/** Opens the keys of a ledger, and holds its address against the namespace and the customer that they name. */
export async function auditKeys(
  { store, master, findings }: Parts,
  ledger: LedgerRow,
  namespace: Uint8Array | undefined,
): Promise<LedgerKeys> {
  const keys = new Map<number, OpenKey | "erased" | "closed" | "broken">();
  const address = toHex(ledger.address);
  const wrong = (generation: number, code: "KEY_WRONG" | "SEAL_BROKEN", problem: string) =>
    findings.add({ code, table: "ledger_keys", row: { ledger: address, generation }, problem });
  const entries = await store.keysOf(ledger.id);
  for (const [i, { key: generation, row, ...rest }] of entries.entries()) {
    if (!row) {
      reportRow(findings, "ledger_keys", { ledger: address, generation }, rest);
      keys.set(generation, "broken");
      continue;
    }
    if (generation !== i + 1) wrong(generation, "KEY_WRONG", `it stands where key ${i + 1} belongs`);
    const erased = row.wrapped === null;
    if (erased !== (row.sealedCustomerId === null)) wrong(generation, "KEY_WRONG", "it is erased by half");
    // A next key is made only once the one before it was destroyed.
    else if (!erased && i + 1 < entries.length) wrong(generation, "KEY_WRONG", "it is there although a later one is");
    const opened = erased ? "erased" : master ? open(() => openLedgerKey(master, ledger, row)) : "closed";
    if (opened === undefined) wrong(generation, "SEAL_BROKEN", "the ledger's key does not open");
    keys.set(generation, opened ?? "broken");
    if (typeof opened !== "object" || namespace === undefined) continue;
    if (sameBytes(ledgerAddress(namespace, opened.customerId), ledger.address)) continue;
    const problem = "the address is not that of its tenant's namespace and its customer";
    findings.add({ code: "ADDRESS_WRONG", table: "ledgers", row: { ledger: address }, problem });
  }
  return keys;
}

function open<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    return undefined;
  }
}
