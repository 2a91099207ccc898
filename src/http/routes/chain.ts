import { z } from "zod";
import { checksumAddress } from "../../core/address.ts";
import { toHex } from "../../core/bytes.ts";
import { TallyrootError } from "../../core/errors.ts";
import type { Anchor } from "../../ledger/ports/ledgers.ts";
import { type AnchorView, anchorsQuery, anchorsView, anchorView, chainView } from "../../wire/evidence.ts";
import { isoText } from "../../wire/fields.ts";
import { route, type Service } from "../route.ts";
import { NOTHING, pageOf, paginationOf } from "./paging.ts";

/** A block that the chain itself calls final has at least itself for a confirmation; how many more is the chain's to say. */
function finalityView(confirmations: Service["confirmations"]) {
  return typeof confirmations === "number"
    ? ({ confirmations, finality: "confirmations" } as const)
    : { confirmations: 1, finality: confirmations };
}

const STATUS = { prepared: "PREPARED", sent: "SENT", confirmed: "CONFIRMED" } as const;

/** @param head the latest block that is known of: it may be older than the anchor's. */
function viewAnchor(anchor: Anchor, head: number | null): AnchorView {
  return {
    index: anchor.index,
    root: toHex(anchor.root),
    size: anchor.size,
    status: STATUS[anchor.state],
    transactionHash: anchor.transactionHash && toHex(anchor.transactionHash),
    blockNumber: anchor.blockNumber,
    blockHash: anchor.blockHash && toHex(anchor.blockHash),
    blockTime: anchor.blockTime === null ? null : isoText(anchor.blockTime * 1000),
    confirmations: anchor.blockNumber === null || head === null ? null : Math.max(1, head - anchor.blockNumber + 1),
    gasUsed: anchor.gasUsed,
    createdAt: isoText(anchor.createdAt),
  };
}

export const getChain = route({
  method: "GET",
  path: "/api/v1/chain",
  access: "public",
  summary: "Where the anchors are",
  status: 200,
  data: chainView,
  codes: [],
  cors: "*",
  async handle({ store, place, confirmations, rpcUrl }) {
    const { anchors } = await store.anchors({ offset: 0, limit: 1 });
    return {
      data: {
        chainId: place.chainId,
        contract: checksumAddress(place.contract),
        codeHash: toHex(place.codeHash),
        log: toHex(place.log),
        publisher: checksumAddress(place.publisher),
        latestIndex: anchors[0]?.index ?? 0,
        ...finalityView(confirmations),
        rpcUrl,
      },
    };
  },
});

const ANCHORS = { name: "anchors", order: "newest-first" } as const;

export const getAnchors = route({
  method: "GET",
  path: "/api/v1/anchors",
  access: "public",
  mayBeStale: true,
  summary: "The anchors, newest first",
  status: 200,
  query: anchorsQuery,
  data: anchorsView,
  codes: ["INVALID_SCOPE_COMBINATION"],
  cors: "*",
  async handle({ store, confirmations, chainHead }, { query }) {
    const page = await pageOf(ANCHORS, query, async () => (await store.anchors(NOTHING)).total);
    const { anchors, total } = await store.anchors(page);
    return {
      data: {
        anchors: anchors.map((anchor) => viewAnchor(anchor, chainHead())),
        finality: finalityView(confirmations).finality,
        pagination: paginationOf(ANCHORS, page, { shown: anchors.length, total }),
      },
    };
  },
});

export const getAnchor = route({
  method: "GET",
  path: "/api/v1/anchors/:index",
  access: "public",
  summary: "One anchor",
  status: 200,
  params: z.object({
    index: z
      .string()
      .regex(/^[1-9][0-9]{0,15}$/, "must be an index from 1 on")
      .transform(Number),
  }),
  data: anchorView,
  codes: ["NOT_FOUND"],
  cors: "*",
  async handle({ store, chainHead }, { params }) {
    const anchor = await store.anchor(params.index);
    if (!anchor) throw new TallyrootError("NOT_FOUND", `there is no anchor ${params.index}`, { index: params.index });
    return { data: viewAnchor(anchor, chainHead()) };
  },
});
