import { RECEIPT_MEDIA_TYPE } from "../../../src/core/receipt.ts";
import { verifyReceipt } from "../../../src/core/verify-receipt.ts";
import { eachOf } from "../../demo/parallel.ts";
import { type Bench, grouped, sized } from "../context.ts";
import { customerId, drawn } from "../deltas.ts";
import { type Figure, ratios } from "../figure.ts";
import { applyLoad, writeLines } from "../load.ts";
import { makeRecord } from "../records.ts";
import { allAnchored, ask, type Server, withServer } from "../server.ts";

const CONNECTIONS = 64;
/** Requests under way at a time while receipts are looked up and checked. */
const LANES = 8;

/** The evidence for one delta, from anywhere in a long ledger. */
export const receipts: Figure = {
  name: "receipts",
  what: "receipt files of deltas at random places of one ledger",
  rows: {
    withContent: { what: "receipts with their content", unit: "/s", least: 5_000 },
    blind: { what: "peer: blind ones, which need no key", unit: "/s" },
    ofBlind: { what: "of the blind ones", unit: "×", better: "higher" },
    largest: { what: "the largest of those checked", unit: "bytes", most: 4_096 },
  },
  async run(bench) {
    const { signal } = bench;
    const deltas = sized(bench, 1_000_000, 20_000);
    const { dir } = await makeRecord(bench, { name: "receipts", deltas, ledgers: 1 });
    return withServer({ dir, signal }, async (server) => {
      await allAnchored(server, signal);
      const ids = await randomReceiptIds(bench, server, deltas);
      const largest = await checkAll(bench, server, ids);
      const samples = await measure(bench, server, ids);
      return {
        samples: { ...samples, ofBlind: ratios(samples.withContent, samples.blind), largest: [largest] },
        data: `a ledger of ${grouped(deltas)}, ${grouped(ids.length)} places, each receipt verified, ${CONNECTIONS} connections`,
      };
    });
  },
};

async function randomReceiptIds(bench: Bench, server: Server, deltas: number): Promise<string[]> {
  const { signal } = bench;
  const draw = drawn(deltas);
  const offsets = Array.from({ length: sized(bench, 2_000, 300) }, (_, n) => draw(n));
  const ids: string[] = [];
  await eachOf(offsets, LANES, async (offset) => {
    const path = `/balance/derive/${customerId(0)}?limit=1&offset=${offset}`;
    const { deltas: page } = await ask<{ deltas: { receiptId: string }[] }>(server, path, { signal });
    ids.push(page[0]!.receiptId);
  });
  return ids;
}

/** Verifies each receipt, all but the chain. @returns bytes of the largest. @throws Error for one that is not proven. */
async function checkAll({ signal }: Bench, { url, apiKey }: Server, ids: readonly string[]): Promise<number> {
  let largest = 0;
  await eachOf(ids, LANES, async (id) => {
    const headers = { "X-Api-Key": apiKey, Accept: RECEIPT_MEDIA_TYPE };
    const response = await fetch(`${url}${PATHS.withContent}${id}`, { headers, signal });
    const file = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new Error(`${response.status} ${file.toString()}`);
    const { steps } = verifyReceipt(JSON.parse(file.toString()));
    const failed = steps.find(({ outcome }) => outcome !== "passed");
    if (failed !== undefined || steps.length !== 5) throw new Error(`receipt ${id} is not proven: ${failed?.detail}`);
    largest = Math.max(largest, file.length);
  });
  return largest;
}

const PATHS = { withContent: "/api/v1/balance/receipts/", blind: "/api/v1/receipt/" } as const;

async function measure(bench: Bench, server: Server, ids: readonly string[]) {
  const side = (name: keyof typeof PATHS, headers: Readonly<Record<string, string>>) => {
    const file = writeLines(
      bench.dir,
      `receipts-${name}`,
      ids.map((id) => `${PATHS[name]}${id}`),
    );
    const load = {
      name: `receipts-${name}`,
      url: server.url,
      method: "GET",
      headers,
      file,
      connections: CONNECTIONS,
    } as const;
    return async (seconds: number) => (await applyLoad({ ...load, seconds }, bench)).perSecond;
  };
  const full = side("withContent", { "X-Api-Key": server.apiKey, Accept: RECEIPT_MEDIA_TYPE });
  const open = side("blind", {});
  await full(bench.warmUpSeconds);
  await open(bench.warmUpSeconds);
  const [withContent, blind]: [number[], number[]] = [[], []];
  for (let round = 0; round < bench.rounds; round++) {
    withContent.push(await full(bench.seconds));
    blind.push(await open(bench.seconds));
  }
  return { withContent, blind };
}
