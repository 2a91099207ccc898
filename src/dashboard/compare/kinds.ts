import type { DisputeKind } from "../../sdk/answers.ts";
import type { LocalDivergenceKind } from "../../sdk/local-comparison.ts";
import type { PartyName } from "./comparing.ts";

type Words = {
  name: string;
  /** What it is, seen from the party's list. */
  says: string;
};

/** The ways to disagree, in words. */
export const KINDS: Readonly<Record<DisputeKind | LocalDivergenceKind, Words>> = {
  MISSING: { name: "Missing", says: "on record, and not in the list" },
  EXTRA: { name: "Extra", says: "in the list, and not in what is compared" },
  DIFFERENT_AMOUNT: { name: "Different amount", says: "another amount than the record's" },
  DIFFERENT_BALANCE: { name: "Different balance", says: "a balance that the amounts before it do not explain" },
  DUPLICATE: { name: "Twice", says: "in the list more than once" },
  REORDERED: { name: "Out of order", says: "at another place than in the record" },
  NOT_ON_RECORD: { name: "Not on record", says: "named in the list, and unknown to the record" },
  DIFFERENT_RECEIPT: { name: "Different receipt", says: "another receipt id than the record's" },
};

/** The two parties, as a heading and within a sentence. */
export const PARTIES: Readonly<Record<PartyName, { name: string; list: string }>> = {
  yours: { name: "Yours", list: "Your list" },
  theirs: { name: "Theirs", list: "Their list" },
};
