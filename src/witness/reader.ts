import { fromHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { type Endpoint, EndpointRefusalError, unusable } from "./endpoint.ts";

/** How clients say that they know the tag, and have no such block yet: a chain that has just begun has none. */
const NONE_YET = /not found|not available|no (?:finalized|safe) block/i;

/** Reads the answers of one endpoint: each method asks once and refuses what is not of the form it must have. */
export function readerOf(endpoint: Endpoint) {
  const refuse = (method: string, what: string) => unusable(endpoint.name, method, what);

  function quantity(method: string, value: unknown): bigint {
    if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw refuse(method, "no number");
    return BigInt(value);
  }

  function bytes(method: string, value: unknown, length?: number): Uint8Array {
    if (typeof value !== "string" || !/^0x(?:[0-9a-fA-F]{2})*$/.test(value)) throw refuse(method, "no hex");
    if (length !== undefined && value.length !== 2 + 2 * length) throw refuse(method, `not ${length} bytes`);
    return fromHex(value.toLowerCase());
  }

  function members(method: string, value: unknown): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse(method, "no object");
    return value as Record<string, unknown>;
  }

  return {
    name: endpoint.name,
    chainId: async () => quantity("eth_chainId", await endpoint.ask("eth_chainId", [])),
    blockNumber: async () => quantity("eth_blockNumber", await endpoint.ask("eth_blockNumber", [])),
    code: async (address: string) => bytes("eth_getCode", await endpoint.ask("eth_getCode", [address, "latest"])),

    /** What a call of a contract returns. @throws CallFailedError */
    call: async (to: string, data: string) =>
      bytes("eth_call", await endpoint.ask("eth_call", [{ to, data }, "latest"])),

    /** The block at a height of the chain as it is now, undefined when it is not as high. */
    async blockAt(number: bigint): Promise<{ hash: Uint8Array; timestamp: bigint } | undefined> {
      const method = "eth_getBlockByNumber";
      const answer = await endpoint.ask(method, [`0x${number.toString(16)}`, false]);
      if (answer === null) return undefined;
      const block = members(method, answer);
      if (quantity(method, block.number) !== number) throw refuse(method, "another block");
      return { hash: bytes(method, block.hash, 32), timestamp: quantity(method, block.timestamp) };
    },

    /**
     * The height of the block that a tag stands for, undefined while there is none.
     *
     * @throws ChainUnavailableError also when the chain does not know the tag.
     */
    async heightAt(tag: "finalized" | "safe"): Promise<bigint | undefined> {
      const method = "eth_getBlockByNumber";
      try {
        const answer = await endpoint.ask(method, [tag, false]);
        return answer === null ? undefined : quantity(method, members(method, answer).number);
      } catch (error) {
        if (!(error instanceof EndpointRefusalError)) throw error;
        if (NONE_YET.test(error.words)) return undefined;
        throw new ChainUnavailableError(`${endpoint.name} does not know the block tag ${tag}: ${error.words}`, {
          cause: error,
        });
      }
    },

    /** Block and events of a transaction, undefined when it is in no block. */
    async transaction(hash: string) {
      const method = "eth_getTransactionReceipt";
      const answer = await endpoint.ask(method, [hash]);
      if (answer === null) return undefined;
      const receipt = members(method, answer);
      if (!Array.isArray(receipt.logs)) throw refuse(method, "without its events");
      return {
        blockNumber: quantity(method, receipt.blockNumber),
        blockHash: bytes(method, receipt.blockHash, 32),
        events: receipt.logs.map((value: unknown) => {
          const event = members(method, value);
          if (!Array.isArray(event.topics)) throw refuse(method, "without its events");
          return {
            address: bytes(method, event.address, 20),
            topics: event.topics.map((topic: unknown) => bytes(method, topic, 32)),
            data: bytes(method, event.data),
          };
        }),
      };
    },
  };
}

export type Reader = ReturnType<typeof readerOf>;
