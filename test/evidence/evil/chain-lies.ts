import type { StepFailure } from "#src/core/step-failures.ts";
import { bookOf } from "./anchored-lies.ts";
import { changed, deltaFile, headOf } from "./forge.ts";
import type { Forgery, Roots } from "./forgery.ts";

/** Files that are right, in a place that is not. */
export function chainLies(): Forgery[] {
  return [
    anchoredIn("otherLog", "a receipt of another log", "LOG_NOT_EXPECTED"),
    anchoredIn("twin", "a receipt of a twin contract with the same code", "CONTRACT_NOT_EXPECTED"),
    anchoredIn("yes", "a receipt of a contract that says yes to everything", "CODE_MISMATCH", { pins: "code" }),
    anchoredIn("yes", "a receipt of such a contract, where all is pinned", "CONTRACT_NOT_EXPECTED"),
    anchoredIn("marked", "a receipt of a marked log", "LOG_MARKED", { pins: "code" }),
    neverStored(),
    ofNoAnchorLog(),
    besideAnHonestOne(),
    reorganisedAway(),
  ];
}

function anchoredIn(
  place: keyof Roots,
  name: string,
  code: StepFailure,
  { pins }: Pick<Forgery, "pins"> = {},
): Forgery {
  const head = headOf(bookOf());
  return {
    name,
    code,
    ...(pins && { pins }),
    anchored: { [place]: [head] },
    file: (roots) => deltaFile(roots[place], head, 3),
  };
}

/** Everything fits together, and the root it fits is not the one at that index. */
function neverStored(): Forgery {
  const [was, is] = [headOf(bookOf()), headOf(bookOf())];
  return {
    name: "a receipt under a root that the contract does not have",
    code: "ROOT_MISMATCH",
    anchored: { early: [was], late: [is] },
    file: ({ early, late }) => deltaFile({ ...late, anchor: { ...early.anchor, root: late.root } }, is, 3),
  };
}

function ofNoAnchorLog(): Forgery {
  const head = headOf(bookOf());
  return {
    name: "a contract that is no AnchorLog",
    code: "CODE_MISMATCH",
    pins: "none",
    anchored: { early: [head] },
    file: ({ early }, { bareContract }) => changed(deltaFile(early, head, 3), "anchor.contract", bareContract),
  };
}

function besideAnHonestOne(): Forgery {
  const { file, ...never } = neverStored();
  return {
    ...never,
    name: "a lie of one endpoint beside an honest one",
    code: "ENDPOINTS_DISAGREE",
    endpoints: ({ yesSayer, honest }) => [yesSayer, honest],
    file,
  };
}

function reorganisedAway(): Forgery {
  const head = headOf(bookOf());
  return {
    name: "a block that was reorganised away",
    code: "NOT_CONFIRMED",
    anchored: { early: [head] },
    endpoints: ({ forgetful }) => [forgetful.url],
    file: ({ early }, { forgetful }) => changed(deltaFile(early, head, 3), "anchor.blockHash", forgetful.blockHash),
  };
}
