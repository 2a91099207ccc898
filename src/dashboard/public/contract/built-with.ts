declare const ANCHOR_LOG_CODE_HASH: string;
declare const ANCHOR_LOG_FILE: string;

/**
 * keccak-256 of the code that the contract's sources compile to, as 0x hex. This page was built together with them: no server, file or
 * endpoint has a say in it.
 */
export const codeHash: string = ANCHOR_LOG_CODE_HASH;

/** The path of a ContractFile on this server. */
export const contractFileUrl: string = ANCHOR_LOG_FILE;
