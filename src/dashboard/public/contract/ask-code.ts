import { checksumAddress } from "../../../core/address.ts";
import { concatBytes, fromHex, toHex, utf8 } from "../../../core/bytes.ts";
import { keccak } from "../../../core/keccak.ts";
import type { ChainView } from "../../../sdk/chain-answers.ts";
import { CallFailedError, openEndpoint } from "../../../witness/endpoint.ts";
import { numberIn, publisherCall } from "../../../witness/log-calls.ts";
import { readerOf } from "../../../witness/reader.ts";

/** What one endpoint says about the contract and the log. */
export type CodeAnswer = {
  chainId: bigint;
  /** keccak-256 of the code at the address; null where there is none. */
  codeHash: string | null;
  /** Null where what is at the address is no AnchorLog. */
  publisher: string | null;
  count: bigint | null;
};

const COUNT = keccak(utf8("count(bytes32)")).slice(0, 4);

/** Asks what code is at the contract's address, and what it says of the log. @throws ChainUnavailableError */
export async function askCode(url: string, { contract, log }: ChainView): Promise<CodeAnswer> {
  const reader = readerOf(openEndpoint(url));
  const logId = fromHex(log, 32);
  const [chainId, code, publisher, count] = await Promise.all([
    reader.chainId(),
    reader.code(contract),
    word(publisherCall(logId)),
    word(toHex(concatBytes(COUNT, logId))),
  ]);
  return {
    chainId,
    codeHash: code.length === 0 ? null : toHex(keccak(code)),
    publisher: publisher && checksumAddress(publisher.slice(12)),
    count: count && numberIn(count),
  };

  async function word(data: string): Promise<Uint8Array | null> {
    try {
      const answer = await reader.call(contract, data);
      return answer.length === 32 ? answer : null;
    } catch (error) {
      if (!(error instanceof CallFailedError)) throw error;
      return null;
    }
  }
}
