import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { grouped } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";

/** What a delta takes on disk, with everything that belongs to it: indexes, ledgers, anchors, keys. */
export const disk: Figure = {
  name: "disk",
  what: "the database of a large record on disk, all indexes",
  rows: {
    perDelta: { what: "per delta", unit: "bytes", most: 420 },
    sent: { what: "peer: the JSON it was sent as", unit: "bytes" },
    ofSent: { what: "of that", unit: "×", better: "lower" },
  },
  async run({ records }) {
    const { dir, deltas, ledgers, sentBytes } = await records.anchored();
    // The server has ended: its WAL is folded back, or counts as well.
    const files = readdirSync(dir).filter((name) => name.startsWith("tallyroot.db"));
    const bytes = files.reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
    const [perDelta, sent] = [[bytes / deltas], [sentBytes / deltas]];
    return {
      samples: { perDelta, sent, ofSent: ratios(perDelta, sent) },
      data: `${grouped(deltas)} deltas in ${grouped(ledgers)} ledgers, with reason, reference, metadata and key`,
    };
  },
};
