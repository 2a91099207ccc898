import type { KeyObject } from "node:crypto";
import type { Content } from "../core/content.ts";
import { openContent, openShown, type ShownContent } from "./compose.ts";
import { type OpenKey, openLedgerKey } from "./keyring.ts";
import type { Ledger, LedgerStore, StoredDelta } from "./ports/ledgers.ts";

/** Open keys that are kept in memory, least recently used first out. */
const MOST_KEYS = 10_000;

/** Opens what is sealed: contents and customer ids. Undefined for what was erased. */
export type Contents = {
  contentOf(delta: StoredDelta): Promise<Content | undefined>;
  /** The same without what only verifying needs. */
  shownOf(delta: StoredDelta): Promise<ShownContent | undefined>;
  customerIdOf(ledger: Ledger): Promise<string | undefined>;
  /** Forgets the open keys of a ledger, or, by undefined, of all: what was erased must not stay readable from memory. */
  forget(ledgerId: number | undefined): void;
};

export function openContents(store: Pick<LedgerStore, "keysOf">, master: KeyObject): Contents {
  const open = new Map<number, Map<number, OpenKey>>();
  // Counts what was forgotten: keys that were being read meanwhile may be those, and are not kept.
  let forgotten = 0;

  async function keysOf(ledger: Ledger, generation?: number): Promise<Map<number, OpenKey>> {
    const known = open.get(ledger.id);
    const before = forgotten;
    const keys = known && (generation === undefined || known.has(generation)) ? known : await readKeys(ledger);
    if (forgotten !== before) return keys;
    open.delete(ledger.id);
    open.set(ledger.id, keys);
    if (open.size > MOST_KEYS) open.delete(open.keys().next().value!);
    return keys;
  }

  async function readKeys(ledger: Ledger): Promise<Map<number, OpenKey>> {
    const sealed = await store.keysOf(ledger.id);
    const keys = sealed.map((key) => openLedgerKey(master, ledger, key)).filter((key) => key !== undefined);
    return new Map(keys.map((key) => [key.generation, key]));
  }

  const keyOf = async (delta: StoredDelta) => (await keysOf(delta.ledger, delta.generation)).get(delta.generation);

  return {
    async contentOf(delta) {
      const key = await keyOf(delta);
      return key && openContent(delta, key.key, key.customerId);
    },
    async shownOf(delta) {
      const key = await keyOf(delta);
      return key && openShown(delta, key.key, key.customerId);
    },
    async customerIdOf(ledger) {
      return [...(await keysOf(ledger)).values()].at(-1)?.customerId;
    },
    forget(ledgerId) {
      forgotten += 1;
      if (ledgerId === undefined) open.clear();
      else open.delete(ledgerId);
    },
  };
}
