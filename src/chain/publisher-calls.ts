import { concatBytes, type Hex, toHex, utf8 } from "../core/bytes.ts";
import { keccak } from "../core/keccak.ts";
import { wordOf } from "../witness/log-calls.ts";

/** The calls of AnchorLog that a publisher needs, encoded by hand as those of a verifier are; a test compares them with the ABI. */

const selectorOf = (signature: string): Uint8Array => keccak(utf8(signature)).slice(0, 4);

const OPEN_LOG = selectorOf("openLog(bytes32)");
const APPEND = selectorOf("append(bytes32,uint64,bytes32,uint64)");
const LOG_ID = selectorOf("logId(address,bytes32)");
const COUNT = selectorOf("count(bytes32)");

/** An address stands at the end of its word. */
const ADDRESS_GAP = new Uint8Array(12);

export const openLogCall = (salt: Uint8Array): Hex => toHex(concatBytes(OPEN_LOG, salt));
export const countCall = (log: Uint8Array): Hex => toHex(concatBytes(COUNT, log));
export const logIdCall = (opener: Uint8Array, salt: Uint8Array): Hex =>
  toHex(concatBytes(LOG_ID, ADDRESS_GAP, opener, salt));
export const appendCall = (log: Uint8Array, index: number, root: Uint8Array, size: number): Hex =>
  toHex(concatBytes(APPEND, log, wordOf(BigInt(index)), root, wordOf(BigInt(size))));
