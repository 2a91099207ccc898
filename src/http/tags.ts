import type { Route } from "./route.ts";

/** What the routes are about, in the order of the documentation; the words are README's. */
export const TAGS = [
  {
    name: "Recording",
    description:
      "A delta is a signed change of a customer's balance. It is on disk when the answer arrives, and never edited.",
  },
  {
    name: "Deriving",
    description: "A balance is computed from the record: over the whole history, a period, or from a checkpoint on.",
  },
  {
    name: "Comparing",
    description:
      "What two parties have, against the record: which deltas both confirm, and the exact point at which they part.",
  },
  {
    name: "Checkpoints",
    description: "A checkpoint is the period-end statement of one ledger; its proofRoot goes on the invoice.",
  },
  {
    name: "Customers",
    description:
      "Each customer id has a ledger of its own, at an address derived from the id. It exists from the first delta on.",
  },
  {
    name: "Evidence",
    description:
      "Receipts and verification: whoever holds a receipt can check it against the contract without this server.",
  },
  {
    name: "Chain",
    description: "An anchor is one root on the chain; however many deltas arrived, it is one transaction.",
  },
  { name: "Webhooks", description: "Signed messages about what happened, delivered at least once." },
  { name: "Keys", description: "API keys and their scopes: `admin`, `write`, `read`, and read-only for one customer." },
  { name: "Operating", description: "Health, limits, figures, and this document." },
] as const;

type Tag = (typeof TAGS)[number]["name"];

/** Beginnings of paths; the first that fits counts. */
const PLACES: readonly (readonly [beginning: RegExp, tag: Tag])[] = [
  [/^\/api\/v1\/balance\/delta/, "Recording"],
  [/^\/api\/v1\/balance\/derive/, "Deriving"],
  [/^\/api\/v1\/balance\/compare/, "Comparing"],
  [/^\/api\/v1\/balance\/checkpoint/, "Checkpoints"],
  [/^\/api\/v1\/balance\/customers\/:customerId\/receipts/, "Evidence"],
  [/^\/api\/v1\/balance\/customers/, "Customers"],
  [/^\/api\/v1\/(verify|receipt|consistency|schemas|balance\/(receipt|invoice-proof|gaps))|^\/verify/, "Evidence"],
  [/^\/api\/v1\/(chain|anchors)/, "Chain"],
  [/webhooks/, "Webhooks"],
  [/^\/api\/v1\/(keys|tenants)/, "Keys"],
];

export function tagOf({ path }: Pick<Route, "path">): Tag {
  return PLACES.find(([beginning]) => beginning.test(path))?.[1] ?? "Operating";
}
