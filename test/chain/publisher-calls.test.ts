import { expect } from "chai";
import { encodeFunctionData } from "viem";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { appendCall, countCall, logIdCall, openLogCall } from "#src/chain/publisher-calls.ts";
import { checksumAddress } from "#src/core/address.ts";
import { toHex } from "#src/core/bytes.ts";

const word = (byte: number) => new Uint8Array(32).fill(byte);

describe("the publisher's calls of the contract", () => {
  const abi = anchorLogAbi;
  const log = word(0xa1);
  const [logHex, salt, root] = [toHex(log), toHex(word(0x5a)), toHex(word(0x0f))];

  it("are what the ABI encodes", () => {
    const opener = new Uint8Array(20).fill(0xfe);
    const address = checksumAddress(opener);
    expect(openLogCall(word(0x5a))).to.equal(encodeFunctionData({ abi, functionName: "openLog", args: [salt] }));
    expect(countCall(log)).to.equal(encodeFunctionData({ abi, functionName: "count", args: [logHex] }));
    expect(logIdCall(opener, word(0x5a))).to.equal(
      encodeFunctionData({ abi, functionName: "logId", args: [address, salt] }),
    );
  });

  it("append at any index and of any size that a number holds exactly", () => {
    for (const [index, size] of [
      [1, 1],
      [255, 256],
      [2 ** 32, 2 ** 40 + 1],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ] as const) {
      const args = [logHex, BigInt(index), root, BigInt(size)] as const;
      expect(appendCall(log, index, word(0x0f), size)).to.equal(
        encodeFunctionData({ abi, functionName: "append", args }),
      );
    }
  });
});
