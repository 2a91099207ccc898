import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { TallyrootVerificationError } from "../../sdk/errors.ts";
import { verifyWebhook } from "../../sdk/webhooks.ts";
import { UsageError } from "../ending.ts";

/** Bytes of a delivery: the server's own are far smaller. */
const MAX_BODY = 1024 * 1024;

/** A request as it came. `failure`: why it is no genuine delivery. */
export type Delivery = { at: string; id: string | null; event: string; failure: string | null; data: unknown };

export type Receiver = { port: number; close(): Promise<void> };

/**
 * Receives deliveries on this machine, and verifies them.
 *
 * @param secret `whsec_…`; undefined while it is not known: everything is refused until it is.
 * @throws UsageError where the port is taken.
 */
export async function receiveAt(
  port: number,
  secret: () => string | undefined,
  onDelivery: (delivery: Delivery) => void,
): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const key = secret();
    const delivery =
      body === undefined || key === undefined
        ? unknownDelivery(body === undefined ? "BODY_TOO_LARGE" : "SECRET_UNKNOWN")
        : await judged(body, request.headers, key);
    // What fails is not acknowledged: a genuine one comes again.
    response.writeHead(delivery.failure === null ? 204 : 400).end(() => onDelivery(delivery));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`port ${port} cannot be opened (${error.code}): choose another with --port`);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function unknownDelivery(failure: string): Delivery {
  return { at: new Date().toISOString(), id: null, event: "-", failure, data: null };
}

async function judged(body: Uint8Array, headers: IncomingMessage["headers"], secret: string): Promise<Delivery> {
  try {
    const { id, event, data } = await verifyWebhook(body, headers, secret);
    return { at: new Date().toISOString(), id, event, failure: null, data };
  } catch (error) {
    if (!(error instanceof TallyrootVerificationError)) throw error;
    return unknownDelivery(error.failure);
  }
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size <= MAX_BODY) parts.push(part);
  }
  return size > MAX_BODY ? undefined : Buffer.concat(parts);
}
