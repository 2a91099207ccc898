import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { TallyrootVerificationError } from "../../../src/sdk/errors.ts";
import { verifyWebhook } from "../../../src/sdk/webhooks.ts";

/** An endpoint of webhooks as a customer writes one: looks at each signature, and notes which deltas it was told of. */
export type Receiver = {
  readonly url: string;
  readonly receiptIds: ReadonlySet<string>;
  /** Deliveries in all, those that came twice included. */
  deliveries: number;
  readonly refused: string[];
  /** From now on signatures are by this secret. */
  expect(secret: string): void;
  close(): void;
};

export async function openReceiver(): Promise<Receiver> {
  const receiptIds = new Set<string>();
  const refused: string[] = [];
  let secret = "";
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    receiver.deliveries += 1;
    try {
      const { event, data } = await verifyWebhook(Buffer.concat(pieces), request.headers, secret);
      if (event === "delta.verified") receiptIds.add((data as { receiptId: string }).receiptId);
      response.writeHead(204).end();
    } catch (error) {
      if (!(error instanceof TallyrootVerificationError)) throw error;
      refused.push(error.message);
      response.writeHead(400).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    receiptIds,
    deliveries: 0,
    refused,
    expect(given) {
      secret = given;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}
