import { checksumAddress } from "../core/address.ts";
import type { Policy } from "../core/policy.ts";
import { agreement, type Finding, openEndpoints } from "./agreement.ts";
import { CallFailedError, unusable } from "./endpoint.ts";
import { numberIn, publisherCall } from "./log-calls.ts";
import { type Reader, readerOf } from "./reader.ts";
import { placeFailure } from "./witness.ts";

/** Where anchors are said to be, and the code that must be there. */
type PlaceAndCode = Pick<Policy, "chainId" | "contract" | "codeHash" | "log">;

/**
 * Whether endpoints of the chain, each on its own, have the expected code at the contract and know the log.
 *
 * @throws ChainUnavailableError naming each endpoint that did not answer.
 */
export function confirmPlace(endpoints: readonly string[], place: PlaceAndCode): Promise<Finding> {
  return agreement(openEndpoints(endpoints).map(readerOf), (witness) => findingOf(witness, place));
}

async function findingOf(witness: Reader, place: PlaceAndCode): Promise<Finding> {
  const failure = await placeFailure(witness, place, place);
  if (failure) return failure;
  if (!(await isOpen(witness, place))) return { failure: "LOG_UNKNOWN", detail: "nobody has opened this log" };
  return { passed: "the chain has it at the contract, which knows the log" };
}

async function isOpen(witness: Reader, { contract, log }: PlaceAndCode): Promise<boolean> {
  try {
    const publisher = await witness.call(checksumAddress(contract), publisherCall(log));
    if (publisher.length === 32) return numberIn(publisher) !== 0n;
  } catch (error) {
    if (!(error instanceof CallFailedError)) throw error;
  }
  throw unusable(witness.name, "eth_call", "not what this contract's code returns");
}
