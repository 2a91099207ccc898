import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An endpoint of webhooks: takes everything, and remembers which checkpoints it was told of. */
export type Receiver = {
  readonly url: string;
  readonly checkpoints: ReadonlySet<string>;
  /** Resolves when the next delivery has arrived, before it is answered. */
  next(): Promise<void>;
  close(): void;
};

export async function openReceiver(): Promise<Receiver> {
  const checkpoints = new Set<string>();
  let awaited = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { event, data } = JSON.parse(Buffer.concat(pieces).toString()) as { event: string; data: Told };
      if (event === "checkpoint.verified") checkpoints.add(data.checkpointId);
      awaited.resolve();
      awaited = Promise.withResolvers<void>();
      // Late enough for whoever waits for it to end the sender in between.
      setImmediate(() => response.writeHead(204).end());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    checkpoints,
    next: () => awaited.promise,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

type Told = { checkpointId: string };
