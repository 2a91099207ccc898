import type { Random } from "../random.ts";
import type { HttpAnswer } from "./answers.ts";
import type { Known } from "./described.ts";

/** Values of one name that are kept: the latest. */
const KEPT = 40;
/** Names of parameters whose values answers give under other names. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  fingerprint: ["receiptId", "proofRoot"],
  from: ["receiptId", "proofRoot", "checkpointId"],
  to: ["receiptId", "proofRoot", "checkpointId"],
  startingCheckpoint: ["checkpointId"],
  cursor: ["nextCursor", "cursor"],
  id: ["id", "webhookId"],
  eventId: ["eventId", "id"],
  recordId: ["recordId"],
};
/** What is looked for in answers. */
const NAMES = new Set([...Object.values(ALIASES).flat(), "publicId", "root", "apiKey"]);
const MEMBER = /"([A-Za-z]+)":"([^"\\]{1,200})"/g;
/** Bytes of an answer that are looked at: long lists say the same over and over. */
const LOOKED_AT = 4_000;

/** What the answers so far have told. @param isKept what may be used: not the id of a key that is still needed. */
export function openKnown(
  customers: readonly string[],
  random: Random,
  isKept: (value: string) => boolean,
): Known & { learn(answer: HttpAnswer): void } {
  const values = new Map<string, string[]>();
  return {
    of(name) {
      if (name === "customerId") return random.oneOf(customers);
      const all = (ALIASES[name] ?? [name]).flatMap((one) => values.get(one) ?? []);
      return all.length === 0 ? undefined : random.oneOf(all);
    },
    learn({ body, status }) {
      if (status >= 300) return;
      for (const [, name, value] of body.toString("latin1", 0, LOOKED_AT).matchAll(MEMBER)) {
        if (!NAMES.has(name!) || !isKept(value!)) continue;
        const list = values.get(name!) ?? [];
        values.set(name!, list);
        list.push(value!);
        if (list.length > KEPT) list.shift();
      }
    },
  };
}
