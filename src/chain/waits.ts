import { ChainUnavailableError } from "../core/errors.ts";

/** Why anchoring waits for the chain, for programs; what is not listed here is CHAIN_UNAVAILABLE. */
export type WaitCode =
  /** The network asks for more than the operator wants to pay. */
  | "FEE_ABOVE_CEILING"
  /** A transaction pays far more than the network asks for, and is in no block all the same. */
  | "TRANSACTION_STUCK"
  /** The publisher's account cannot pay. */
  | "PUBLISHER_EMPTY"
  /** Too few endpoints answer for their word to count. */
  | "ENDPOINTS_AWAY"
  /** Endpoints contradict one another. */
  | "ENDPOINTS_DISAGREE"
  /** No endpoint is of the chain that the log is on. */
  | "OTHER_CHAIN"
  | "CHAIN_UNAVAILABLE";

/** A wait for the chain that has a name. */
export class ChainWaitError extends ChainUnavailableError {
  readonly code: WaitCode;

  constructor(code: WaitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** How clients refuse a transaction that the account's balance does not cover. */
const EMPTY = /insufficient (?:funds|balance)|doesn't have enough funds/i;

export function waitCodeOf(error: ChainUnavailableError): WaitCode {
  if (error instanceof ChainWaitError) return error.code;
  return EMPTY.test(error.message) ? "PUBLISHER_EMPTY" : "CHAIN_UNAVAILABLE";
}
