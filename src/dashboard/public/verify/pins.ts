import { checksumAddress } from "../../../core/address.ts";
import { fromHex, toHex } from "../../../core/bytes.ts";
import { decodePolicy, POLICY, POLICY_FORMAT } from "../../../core/policy.ts";
import type { AnchorReference } from "../../../core/receipt.ts";
import { ADDRESS, HASH, ShapeError } from "../../../core/shape.ts";
import type { ChainView } from "../../../sdk/chain-answers.ts";

/** What a verifier holds a file against. Everything is text, as a policy file has it. */
export const PIN_NAMES = ["chainId", "contract", "log", "codeHash", "confirmations", "namespace"] as const;
export type PinName = (typeof PIN_NAMES)[number];

/** Whose word a pin is: the visitor's, the server's, this page's own, or nobody's but the file's that is to be verified. */
export type Word = "you" | "server" | "page" | "file";
export type Pin = { value: string; word: Word };
export type Pins = { [N in Exclude<PinName, "namespace">]: Pin } & { namespace: Pin | null };

/** What the visitor knows, member by member; what is left out is taken from somebody else. */
export type Known = { readonly [N in PinName]?: string };

/** What the server says, as text. A saved page has it from when it was saved. */
export type ServersWord = Pick<Known, "chainId" | "contract" | "log" | "confirmations">;

export function serversWord({ chainId, contract, log, confirmations }: ChainView): ServersWord {
  return { chainId: String(chainId), contract, log, confirmations: String(confirmations) };
}

/**
 * What a file is held against: what the visitor knows first, then what the server says, and the file's own word for the rest. The code is
 * never taken at the server's word: this page was built together with the contract, and knows its code.
 */
export function pinsFrom(
  known: Known,
  server: ServersWord | null,
  codeHash: string,
  anchor: Pick<AnchorReference, "chainId" | "contract" | "log">,
): Pins {
  const pin = (name: Exclude<PinName, "namespace">, otherwise: Pin): Pin => {
    if (known[name] !== undefined) return { value: known[name], word: "you" };
    const said = name === "codeHash" ? undefined : server?.[name];
    return said === undefined ? otherwise : { value: said, word: "server" };
  };
  return {
    chainId: pin("chainId", { value: String(anchor.chainId), word: "file" }),
    contract: pin("contract", { value: ADDRESS.encode(anchor.contract) as string, word: "file" }),
    log: pin("log", { value: toHex(anchor.log), word: "file" }),
    codeHash: pin("codeHash", { value: codeHash, word: "page" }),
    confirmations: pin("confirmations", { value: "1", word: "page" }),
    namespace: known.namespace === undefined ? null : { value: known.namespace, word: "you" },
  };
}

/** The pins as the JSON of a policy file. */
export function policyFile({ namespace, ...pins }: Pins): Record<string, string> {
  const values = Object.entries(pins).map(([name, { value }]) => [name, value]);
  return {
    format: POLICY_FORMAT,
    ...Object.fromEntries(values),
    ...(namespace && { namespace: namespace.value }),
  };
}

/** Where a file says that it is anchored is its own word: then anybody's log in anybody's contract would do. */
export function restsOnFile({ chainId, contract, log }: Pins): boolean {
  return [chainId, contract, log].some(({ word }) => word === "file");
}

/** What a policy file tells. @throws PolicyError */
export function knownFrom(file: unknown): { known: Known; rpc: readonly string[] } {
  const { chainId, contract, log, codeHash, confirmations, rpc, namespace } = decodePolicy(file);
  return {
    known: {
      chainId: String(chainId),
      contract: checksumAddress(contract),
      log: toHex(log),
      codeHash: toHex(codeHash),
      confirmations: String(confirmations),
      ...(namespace && { namespace: checksumAddress(namespace) }),
    },
    rpc,
  };
}

/** One pin as a person typed it, in the form of a policy file; or what is wrong with it. An address may come without its checksum. */
export function typedPin(name: PinName, typed: string): { value: string } | { problem: string } {
  const text = typed.trim();
  try {
    switch (name) {
      case "contract":
      case "namespace":
        return { value: checksumAddress(ADDRESS.decode("it", withChecksum(text))) };
      case "log":
      case "codeHash":
        return { value: toHex(HASH.decode("it", text.toLowerCase())) };
      default:
        POLICY.decode("", { ...ANY_POLICY, [name]: text });
        return { value: text };
    }
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return { problem: error.message.replace(/^[^:]*: /, "It ") };
  }
}

/** Letters all in one case carry no checksum. */
function withChecksum(text: string): string {
  const digits = text.slice(2);
  const hasNone = digits === digits.toLowerCase() || digits === digits.toUpperCase();
  return hasNone && /^0x[0-9a-fA-F]{40}$/.test(text) ? checksumAddress(fromHex(text.toLowerCase(), 20)) : text;
}

const ANY_POLICY = {
  format: POLICY_FORMAT,
  chainId: "1",
  contract: checksumAddress(new Uint8Array(20)),
  codeHash: toHex(new Uint8Array(32)),
  log: toHex(new Uint8Array(32)),
  confirmations: "1",
};
