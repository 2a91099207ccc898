import { openApi } from "../../sdk/api.ts";
import { type ChainCalls, chainCalls } from "../../sdk/chain.ts";
import { receiptCalls } from "../../sdk/receipts.ts";
import { openTransport } from "../../sdk/transport.ts";

/** Milliseconds that a person waits for one answer. */
const TIMEOUT_MS = 15_000;

type Server = { chain: ChainCalls; receipts: ReturnType<typeof receiptCalls> };

let opened: Server | undefined;

/**
 * The server that this page came from, asked as anybody may: without a key. Of the client only what the public may ask: the rest has no
 * place in a page that is one script. A page that was opened from a file has no server.
 */
export function server(): Server {
  opened ??= open();
  return opened;
}

function open(): Server {
  // The page itself tries again and says so, so the client asks once.
  const api = openApi(openTransport({ baseUrl: location.origin, timeoutMs: TIMEOUT_MS, maxRetries: 0 }), undefined);
  return { chain: chainCalls(api), receipts: receiptCalls(api) };
}
