import {
  BaseError,
  ContractFunctionExecutionError,
  createPublicClient,
  HttpRequestError,
  http,
  type PublicClient,
  TimeoutError,
  type Transport,
} from "viem";
import { ChainUnavailableError } from "../core/errors.ts";

/** What commands do with the contract by the client library: whoever runs them waits for nothing else. */

const TIMEOUT_MS = 10_000;

/** A client for reading any EVM chain over JSON-RPC. */
export function chainReader(rpcUrl: string): PublicClient<Transport> {
  return createPublicClient({ transport: http(rpcUrl, { timeout: TIMEOUT_MS, retryCount: 2 }) });
}

/** Does one thing with the chain; what goes wrong comes out as one kind of error. */
export async function asking<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    throw new ChainUnavailableError(`${what}: ${error.shortMessage}`, { cause: error });
  }
}

/** Whether a call went wrong because the code at the address is not that of AnchorLog: it reverted, or answered something else. */
export function isOfOtherCode(error: unknown): boolean {
  const unreachable = (cause: unknown) => cause instanceof HttpRequestError || cause instanceof TimeoutError;
  return error instanceof ContractFunctionExecutionError && !error.walk(unreachable);
}
