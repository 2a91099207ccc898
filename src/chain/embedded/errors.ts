/** Why an embedded chain could not start, or could not go on. */
export type ChainErrorCode =
  | "CHAIN_NOT_INSTALLED"
  | "CHAIN_PORT_IN_USE"
  | "CHAIN_PORT_REFUSED"
  | "CHAIN_JOURNAL_DAMAGED"
  | "CHAIN_JOURNAL_VERSION"
  | "CHAIN_JOURNAL_OTHER_CHAIN"
  | "CHAIN_JOURNAL_MISMATCH"
  | "CHAIN_JOURNAL_UNWRITABLE"
  | "CHAIN_PUBLISHER_UNFUNDED"
  | "CHAIN_DIVERGED"
  | "CHAIN_CRASHED";

/** The chain did not start; nobody was told of anything that is lost. */
export class ChainStartError extends Error {
  readonly code: ChainErrorCode;
  constructor(code: ChainErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ChainStartError";
    this.code = code;
  }
}

/** The running chain stopped answering. What it had acknowledged is in the journal; a new start brings it back. */
export class ChainFailedError extends Error {
  readonly code: ChainErrorCode;
  constructor(code: ChainErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ChainFailedError";
    this.code = code;
  }
}

/** The caller of one JSON-RPC request is answered with this code and message; the chain goes on. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: string | undefined;
  constructor(code: number, message: string, data?: string) {
    super(message);
    this.name = "RpcError";
    this.code = code;
    this.data = data;
  }
}

/** JSON-RPC 2.0 section 5.1, and EIP-1474 for the ones below -32000. */
export const RPC = {
  PARSE_ERROR: -32700,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INVALID_PARAMS: -32602,
  INTERNAL_ERROR: -32603,
  INVALID_INPUT: -32000,
  RESOURCE_UNAVAILABLE: -32002,
  METHOD_NOT_SUPPORTED: -32004,
  LIMIT_EXCEEDED: -32005,
} as const;
