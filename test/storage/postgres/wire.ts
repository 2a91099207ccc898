import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A way to the database that can be cut where it hurts. */
export type Wire = {
  url: string;
  /** How the database is reached, which may be another one from some time on. */
  to: string;
  /** Called with each packet to the database: says what becomes of it. */
  onPacket: (text: string) => "pass" | "lose" | "pass and cut";
  close(): Promise<void>;
};

export async function startWire(url: string): Promise<Wire> {
  const sockets = new Set<Socket>();
  const wire: Omit<Wire, "url" | "close"> = { to: url, onPacket: () => "pass" };
  const server: Server = createServer((near) => {
    const { port, hostname } = new URL(wire.to);
    const far = connect(Number(port), hostname);
    sockets.add(near).add(far);
    let cut = false;
    near.on("data", (bytes) => {
      if (cut) return;
      const fate = wire.onPacket(bytes.toString("latin1"));
      if (fate === "lose") {
        cut = true;
        near.destroy();
        far.destroy();
        return;
      }
      far.write(bytes);
      if (fate !== "pass and cut") return;
      // The database hears it all and answers; nobody hears the answer.
      cut = true;
      near.destroy();
      far.end();
    });
    far.on("data", (bytes) => {
      if (!cut) near.write(bytes);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        if (!cut) other.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const here = new URL(url);
  here.port = String((server.address() as AddressInfo).port);
  return Object.assign(wire, {
    url: here.href,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}

/** The simple query COMMIT, as it goes over the wire. */
export const COMMIT = "COMMIT\0";
