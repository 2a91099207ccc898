import { STEP_FAILURES, type StepFailure } from "../../core/step-failures.ts";
import { TallyrootVerificationError } from "../errors.ts";

/** What can be wrong with an answer, beside what can be wrong with a receipt. */
export const ANSWER_FAILURES = {
  ANSWER_MALFORMED: "Members of the answer are missing, or say different things about one fact.",
  NOT_WHAT_WAS_ASKED: "The answer is about something else than the question.",
  NOT_WHAT_WAS_SENT: "What is said to be recorded is not what was sent.",
  CONTRADICTS_EARLIER_ANSWER: "The answer cannot be true together with one that was given before.",
  SUM_MISMATCH: "Balances, amounts and counts do not add up.",
  SCOPE_INCOMPLETE: "A delta that belongs to the scope is not in it, or one is in it that does not.",
  NOT_SHOWN: "It is said to be VERIFIED, and no receipt shows it.",
} as const;

export type AnswerFailure = keyof typeof ANSWER_FAILURES;

/** @throws TallyrootVerificationError always */
export function refuse(failure: AnswerFailure | StepFailure, message: string): never {
  const step = failure in STEP_FAILURES ? STEP_FAILURES[failure as StepFailure].step : null;
  throw new TallyrootVerificationError(failure, message, step);
}

/** @throws TallyrootVerificationError when it does not hold. */
export function expect(holds: boolean, failure: AnswerFailure | StepFailure, message: string): asserts holds {
  if (!holds) refuse(failure, message);
}
