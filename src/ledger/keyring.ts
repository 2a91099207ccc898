import type { KeyObject } from "node:crypto";
import { concatBytes, utf8 } from "../core/bytes.ts";
import type { Ledger, SealedKey } from "./ports/ledgers.ts";
import { freshKey, seal, sealingKey, unseal } from "./seal.ts";

/** A ledger's open key, and the customer id that is sealed with it. */
export type OpenKey = { generation: number; key: KeyObject; customerId: string };

function keyPlace(address: Uint8Array, generation: number): Uint8Array {
  return concatBytes(address, utf8(`key:${generation}`));
}

function customerPlace(address: Uint8Array, generation: number): Uint8Array {
  return concatBytes(address, utf8(`customer:${generation}`));
}

/** A fresh key for a ledger: open for use, and wrapped for the store. */
export function makeLedgerKey(
  master: KeyObject,
  address: Uint8Array,
  generation: number,
  customerId: string,
): { open: OpenKey; sealed: SealedKey } {
  const raw = freshKey();
  const key = sealingKey(raw);
  const wrapped = seal(master, keyPlace(address, generation), raw);
  raw.fill(0);
  return {
    open: { generation, key, customerId },
    sealed: {
      generation,
      wrapped,
      sealedCustomerId: seal(key, customerPlace(address, generation), utf8(customerId)),
    },
  };
}

/**
 * Opens a ledger's key. Undefined when its content was erased.
 *
 * @throws SealBrokenError when the master key is not the one it was wrapped with.
 */
export function openLedgerKey(
  master: KeyObject,
  ledger: Pick<Ledger, "address">,
  sealed: SealedKey,
): OpenKey | undefined {
  const { generation, wrapped, sealedCustomerId } = sealed;
  if (!wrapped || !sealedCustomerId) return undefined;
  const raw = unseal(master, keyPlace(ledger.address, generation), wrapped);
  const key = sealingKey(raw);
  // What is left is the KeyObject, which goes when it is forgotten.
  raw.fill(0);
  const customerId = unseal(key, customerPlace(ledger.address, generation), sealedCustomerId).toString("utf8");
  return { generation, key, customerId };
}
