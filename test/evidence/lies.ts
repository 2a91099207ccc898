import { keccak256, stringToHex } from "viem";
import { type Answer, type Lie, TRUTH } from "#test/witness/lying-endpoint.ts";

/** What is said where the chain did not answer. */
export const SILENT = "CONSISTENT";

const zero = `0x${"00".repeat(32)}`;
const one = `0x${"00".repeat(31)}01`;
const selector = (signature: string) => keccak256(stringToHex(signature)).slice(0, 10);
/** A lie about one method, or about one function of the contract. */
const about =
  (what: string, answer: Answer): Lie =>
  ({ method, params: [call] }) => {
    if (method === what) return answer;
    const { data = "" } = method === "eth_call" ? (call as { data?: string }) : {};
    return what.includes("(") && data.startsWith(selector(what)) ? answer : undefined;
  };
/** A lie that changes members of the honest answer. */
const changed =
  (what: string, change: Record<string, unknown>): Lie =>
  ({ method }, { result }) =>
    method === what ? { result: { ...(result as object), ...change } } : undefined;
const ROOT = "root(bytes32,uint64)";
const MARKED = "marked(bytes32)";
const RECEIPT = "eth_getTransactionReceipt";
const BLOCK = "eth_getBlockByNumber";
const everything =
  (body: string, status = 200): Lie =>
  () => ({ status, body });
const reverted = { error: { code: 3, message: "execution reverted" } };

/** Each lie, what is said of it where the code is pinned, and where nothing is, when that is something else. */
export const LIES: Readonly<Record<string, readonly [lie: Lie, pinned: string, open?: string]>> = {
  "none at all": [() => undefined, "VERIFIED"],
  "another chain": [about("eth_chainId", { result: "0x1" }), "CHAIN_MISMATCH"],
  "a chain without a number": [about("eth_chainId", { result: "0x" }), SILENT],
  "a chain of another type": [about("eth_chainId", { result: 31337 }), SILENT],
  "no code": [about("eth_getCode", { result: "0x" }), "CODE_MISMATCH"],
  "other code": [about("eth_getCode", { result: "0x00" }), "CODE_MISMATCH", "VERIFIED"],
  "half a byte of code": [about("eth_getCode", { result: "0x0" }), SILENT],
  "no root": [about(ROOT, { result: zero }), "LOG_UNKNOWN"],
  "another root": [about(ROOT, { result: one }), "ROOT_MISMATCH"],
  "an empty answer": [about(ROOT, { result: "0x" }), SILENT, "CODE_MISMATCH"],
  "two words for a root": [about(ROOT, { result: `${zero}${zero.slice(2)}` }), SILENT, "CODE_MISMATCH"],
  "a call that fails": [about(ROOT, reverted), SILENT, "CODE_MISMATCH"],
  "a call that fails by its words": [
    about(ROOT, { error: { code: -32000, message: "VM Exception: Invalid Opcode" } }),
    SILENT,
    "CODE_MISMATCH",
  ],
  "a call that fails with a status": [
    about(ROOT, { status: 400, body: JSON.stringify(reverted) }),
    SILENT,
    "CODE_MISMATCH",
  ],
  "a result with a bad status": [about(ROOT, { status: 500, body: JSON.stringify({ result: one }) }), SILENT],
  "a call that is refused": [about(ROOT, { error: { code: -32005, message: "too many requests" } }), SILENT],
  "a mark": [about(MARKED, { result: one }), "LOG_MARKED"],
  "a mark that is no boolean": [about(MARKED, { result: `0x${"ff".repeat(32)}` }), "CODE_MISMATCH"],
  "no transaction": [about(RECEIPT, { result: null }), "NOT_CONFIRMED"],
  "a transaction without members": [about(RECEIPT, { result: {} }), SILENT],
  "a transaction that is a list": [about(RECEIPT, { result: [] }), SILENT],
  "a transaction in another block": [changed(RECEIPT, { blockNumber: "0x1" }), "NOT_CONFIRMED"],
  "a transaction without events": [changed(RECEIPT, { logs: [] }), "NOT_CONFIRMED"],
  "events that are none": [changed(RECEIPT, { logs: {} }), SILENT],
  "an event that is none": [changed(RECEIPT, { logs: [null] }), SILENT],
  "no block": [about(BLOCK, { result: null }), "NOT_CONFIRMED"],
  "another block": [changed(BLOCK, { hash: one }), "NOT_CONFIRMED"],
  "another time": [changed(BLOCK, { timestamp: "0x1" }), "NOT_CONFIRMED"],
  "a block without a time": [changed(BLOCK, { timestamp: null }), SILENT],
  "an earlier end": [about("eth_blockNumber", { result: "0x0" }), "NOT_CONFIRMED"],
  "a page": [everything("<!doctype html><p>Welcome"), SILENT],
  "a page that is not found": [everything("not found", 404), SILENT],
  nothing: [everything(""), SILENT],
  "a list": [everything("[]"), SILENT],
  null: [everything("null"), SILENT],
  "depths of lists": [everything("[".repeat(100_000)), SILENT],
  "another way": [() => ({ status: 307, body: "", headers: { location: TRUTH } }), SILENT],
};
