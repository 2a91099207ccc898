import { getConsistency } from "#src/http/routes/consistency.ts";
import { SCHEMA_ROUTES } from "#src/http/routes/schemas.ts";
import type { RouteCase, World } from "./route-cases.ts";

/** The cases of files that prove by themselves, and of what describes them. */

const UNKNOWN = `0x${"5a".repeat(32)}`;
const in_ = (prefix: string, names: string) => names.split(" ").map((name) => prefix + name);
const asked = (query: (world: World) => string) => (world: World) => ({
  path: `${getConsistency.path}?${query(world)}`,
});

export const EVIDENCE_ROUTE_CASES: readonly RouteCase[] = [
  {
    route: getConsistency,
    happy: asked(({ delta: { receiptId } }) => `from=${receiptId}&to=${receiptId}`),
    members: [
      ...in_("", "format ledger earlier later proof"),
      ...["earlier.", "later."].flatMap((side) =>
        in_(side, "head.ledger head.count head.balance head.root anchorProof"),
      ),
      ...["earlier.", "later."].flatMap((side) => in_(`${side}anchor.`, "chainId contract log index root size")),
    ],
    file: true,
    rejects: [
      ["nothing", "VALIDATION_ERROR", asked(() => ""), /from: is missing; to: is missing/],
      ["one state", "VALIDATION_ERROR", asked(({ delta }) => `from=${delta.receiptId}`), /to: is missing/],
      ["a word", "VALIDATION_ERROR", asked(({ delta }) => `from=${delta.receiptId}&to=now`), /to: .*lower-case 0x hex/],
      ["an unknown parameter", "VALIDATION_ERROR", asked(() => `from=${UNKNOWN}&to=${UNKNOWN}&at=1`), /at/],
      [
        "a state twice",
        "VALIDATION_ERROR",
        asked(({ delta: { receiptId } }) => `from=${receiptId}&from=${receiptId}`),
        /more than once/,
      ],
      [
        "a fingerprint of nothing",
        "NOT_FOUND",
        asked(({ delta }) => `from=${delta.receiptId}&to=${UNKNOWN}`),
        /nothing that was recorded/,
      ],
      [
        "a commitment for a fingerprint",
        "NOT_FOUND",
        asked(({ delta }) => `from=${delta.commitment}&to=${delta.receiptId}`),
        /nothing that was recorded/,
      ],
      [
        "states of two customers",
        "VALIDATION_ERROR",
        asked(({ delta, erased }) => `from=${delta.receiptId}&to=${erased.receiptId}`),
        /^from and to are not of one ledger$/,
      ],
      [
        "states of two tenants, in the same words",
        "VALIDATION_ERROR",
        asked(({ delta, theirs }) => `from=${delta.receiptId}&to=${theirs.receiptId}`),
        /^from and to are not of one ledger$/,
      ],
    ],
  },
  ...SCHEMA_ROUTES.map(
    (route): RouteCase => ({
      route,
      happy: () => ({ path: route.path }),
      members: in_("", "$schema $id title description"),
      file: true,
      rejects: [],
    }),
  ),
];
