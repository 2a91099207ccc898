import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Milliseconds before a fault within which a delivery may come again, since that has lost its answer; and after one: a node has what it is
 * about to send to itself for 15 seconds, and one that stood still meanwhile may send when that is over.
 */
const ANSWER_LOST_MS = 3_000;
const CLAIM_OVER_MS = 16_000;

/** An endpoint of webhooks that takes everything and remembers when each event came. */
export type Receiver = {
  readonly url: string;
  /** Unix milliseconds of each delivery, by the event's id. */
  readonly deliveries: ReadonlyMap<string, readonly number[]>;
  /** Indexes of anchors that it was told of. */
  readonly anchors: ReadonlySet<number>;
  close(): void;
};

export async function openReceiver(): Promise<Receiver> {
  const deliveries = new Map<string, number[]>();
  const anchors = new Set<number>();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { id, event, data } = JSON.parse(Buffer.concat(pieces).toString()) as Told;
      deliveries.set(id, [...(deliveries.get(id) ?? []), Date.now()]);
      if (event === "anchor.confirmed") anchors.add(Number(data.index));
      response.writeHead(204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    deliveries,
    anchors,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

type Told = { id: string; event: string; data: { index?: number | string } };

/** How many events came more than once, and those of them beside which there was no fault that could have lost an answer. */
export function repeated({ deliveries }: Receiver, faultsAt: readonly number[]) {
  const again = [...deliveries].filter(([, times]) => times.length > 1);
  const unexcused = again.filter(([, times]) =>
    times.slice(0, -1).some((time) => !faultsAt.some((at) => at > time - CLAIM_OVER_MS && at < time + ANSWER_LOST_MS)),
  );
  return { again: again.length, unexcused: unexcused.map(([id, times]) => `${id} at ${times.join(", ")}`) };
}
