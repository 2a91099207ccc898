import type { DeltaView, ReceiptsView } from "./answers.ts";
import { type Api, segment } from "./api.ts";
import { type Listing, listing } from "./lists.ts";
import type { ReceiptFile } from "./receipt-file.ts";
import type { CursorInput } from "./requests.ts";
import type { CallOptions } from "./transport.ts";

export type ReceiptOptions = CallOptions & {
  /** Without customer, reason and reference: what anybody may have who has the fingerprint. Needs no key. */
  blind?: boolean | undefined;
  /** Whether a checkpoint's receipt lists the deltas of its window. */
  deltas?: boolean | undefined;
};

/** Receipts: the portable files of evidence. They are there once what they are about is VERIFIED. */
export function receiptCalls(api: Api) {
  /** The file's bytes, as they are to be kept. */
  const file = (fingerprint: string, { blind = false, deltas, ...options }: ReceiptOptions = {}): Promise<Uint8Array> =>
    api.ask<Uint8Array>(
      {
        ...options,
        method: "GET",
        path: `${blind ? "" : "/balance"}/${blind ? "receipt" : "receipts"}/${segment(fingerprint)}`,
        query: { deltas },
        expects: "file",
      },
      (file) => ({ kind: "receipt", fingerprint, file }),
    );
  return {
    file,

    /** The file's JSON. */
    get: async (fingerprint: string, options?: ReceiptOptions): Promise<ReceiptFile> =>
      JSON.parse(new TextDecoder().decode(await file(fingerprint, options))) as ReceiptFile,

    /** The latest deltas of a customer, newest first; each one's receiptId names its receipt. */
    list: (customerId: string, asked: CursorInput = {}, options?: CallOptions): Listing<ReceiptsView, DeltaView> =>
      listing({
        ask: (place) =>
          api.get(
            `/balance/customers/${segment(customerId)}/receipts`,
            { ...asked, ...place, ...(place.cursor !== undefined && { offset: undefined }) },
            options,
            (data) => ({ kind: "receipts", customerId, data }),
          ),
        elements: ({ receipts }) => receipts,
        pagination: ({ pagination }) => pagination,
      }),
  };
}
