import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { decodeJournal, encodeBlock, encodeHeader } from "#src/chain/embedded/journal-format.ts";
import { copyJournal } from "#src/cli/backup/journal.ts";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";

describe("the copy of an embedded chain's journal", () => {
  const dir = temporaryDirectory();
  after(() => removeDirectory(dir));

  const hash = `0x${"ab".repeat(32)}` as const;
  const header = {
    chainId: 31337,
    hardfork: "cancun",
    initialDate: "2026-01-01T00:00:00.000Z",
    accounts: [],
    genesisHash: hash,
  };
  const begin = Date.parse(header.initialDate) / 1000;
  /** One block for each transaction: `0x01`, `0x02` … */
  const raw = (number: number) => `0x0${number}` as const;
  const lines = [
    encodeHeader(header),
    ...[1, 2, 3, 4, 5].map((number) =>
      encodeBlock({ number, timestamp: begin + number, transactions: [raw(number)], hash }),
    ),
  ];
  /** Bytes up to and with a block. */
  const upTo = (block: number) => Buffer.byteLength(lines.slice(0, block + 1).join(""));

  function blocksOf(before: number, known: readonly number[], torn = ""): number {
    writeFileSync(join(dir, "chain.journal"), lines.join("") + torn);
    const path = join(dir, "copy");
    const note = copyJournal(dir, { path, file: "copy", before, known: new Set(known.map(raw)) });
    const { blocks, tornBytes } = decodeJournal(readFileSync(path));
    expect([tornBytes, note?.bytes]).to.deep.equal([0, upTo(blocks.length)]);
    return blocks.length;
  }

  it("ends where the chain stood before the record was copied, where the record knows nothing later", () => {
    expect(blocksOf(upTo(2), [])).to.equal(2);
    expect(blocksOf(upTo(2), [1])).to.equal(2);
  });

  it("goes on to the last block that the record speaks of, and leaves out an anchor that it does not know", () => {
    expect(blocksOf(upTo(2), [2, 4])).to.equal(4);
    expect(blocksOf(upTo(1), [3])).to.equal(3);
  });

  it("leaves out a line that was being written, before or afterwards", () => {
    expect(blocksOf(upTo(3) - 1, [])).to.equal(2);
    expect(blocksOf(upTo(5), [5], '{"number":6,"time')).to.equal(5);
  });
});
