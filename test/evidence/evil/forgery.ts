import type { Hex } from "#src/core/bytes.ts";
import type { StepFailure } from "#src/core/step-failures.ts";
import type { Expected } from "#src/core/verify-receipt.ts";
import type { Members } from "#test/http/call.ts";
import type { Anchored, Statement } from "./forge.ts";

/** Where the publisher anchors: two anchors of one log, and one each where a verifier must not be led. */
export type Roots = Record<"early" | "late" | "otherLog" | "twin" | "yes" | "marked", Anchored>;

/** What else is about on the chain, and on the way to it. */
export type Surroundings = {
  /** A contract that is no AnchorLog. */
  bareContract: Hex;
  /** An endpoint that says of any root that the contract holds it: that of the second anchor of the lying publisher's log. */
  yesSayer: string;
  /** An endpoint that still knows a block that the chain has no more, and its hash. */
  forgetful: { url: string; blockHash: Hex };
  honest: string;
};

/**
 * A file that lies in one thing. Where the lie needs it, the publisher himself is in it: he anchors a statement that is false
 * under a root that is real, so that nothing else is wrong with the file, on the chain neither.
 */
export type Forgery = {
  name: string;
  code: StepFailure;
  /** What is put under which root. */
  anchored?: Partial<Record<keyof Roots, Statement[]>>;
  /** The file, once the roots are on the chain. */
  file: (roots: Roots, about: Surroundings) => Members | Uint8Array;
  /** What the verifier expects, where the lie is that the file is of something else. */
  expected?: Expected;
  /** What the verifier pins; all of the log that the file should be of, unless told otherwise. */
  pins?: "code" | "none";
  confirmations?: number;
  /** Whom the verifier asks; the chain itself, unless told otherwise. */
  endpoints?: (about: Surroundings) => string[];
  /** It is very large: not for every test. */
  heavy?: true;
};
