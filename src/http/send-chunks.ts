import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Log } from "../ledger/ports/log.ts";
import type { Exchange } from "./exchange.ts";

/** How a caller shows that it is gone: while it was being read from, and while it was being written to. */
const GONE = new Set(["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_UNABLE_TO_PIPE"]);

/**
 * Sends a body piece by piece, after a head that is written already. The next piece is made when the one before has been taken: a slow
 * reader slows its maker down. Whoever goes away ends the making.
 */
export async function sendChunks(
  { response, requestId }: Pick<Exchange, "requestId"> & { response: ServerResponse },
  chunks: AsyncIterable<string>,
  log: Log,
): Promise<void> {
  // A caller that sends lines as they happen waits for the status before the first of them.
  response.flushHeaders();
  try {
    await pipeline(Readable.from(chunks, { highWaterMark: 1 }), response);
  } catch (error) {
    if (!GONE.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    log.info({ requestId }, "the caller went away before the answer was complete");
  }
}
