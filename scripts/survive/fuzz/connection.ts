import { connect, type Socket } from "node:net";
import { firstAnswer, type HttpAnswer, NoHttpError } from "./answers.ts";

/** What became of bytes that were sent: the answers in their order, and how it ended. */
export type Exchanged = {
  readonly answers: readonly HttpAnswer[];
  /** `answered`: as many answers came as were waited for; `closed`: the connection ended before that; `late`: neither, in time. */
  readonly ended: "answered" | "closed" | "late";
  /** What came that was no answer, such as the first half of one. */
  readonly rest: string;
};

/** One connection to the server, over which any bytes can be sent. */
export type Connection = {
  readonly socket: Socket;
  readonly isOpen: boolean;
  /**
   * Sends bytes and waits for answers.
   *
   * @param toHead of each request that is in the bytes, whether it is a HEAD.
   */
  exchange(bytes: Uint8Array | string, toHead: readonly boolean[], withinMs: number): Promise<Exchanged>;
  close(): void;
};

/** Reasons for which a connection ends under a client that sends nonsense; everything else is a fault of the drill. */
const ENDS = new Set(["ECONNRESET", "EPIPE", "ECONNREFUSED", "ECONNABORTED"]);

export function openConnection(url: string): Connection {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let received: Buffer = Buffer.alloc(0);
  let [isOpen, waiting]: [boolean, (() => void) | undefined] = [true, undefined];
  socket.on("data", (piece: Buffer) => {
    received = received.length === 0 ? piece : Buffer.concat([received, piece]);
    waiting?.();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (!ENDS.has(error.code ?? "")) throw error;
  });
  for (const event of ["end", "close"]) {
    socket.on(event, () => {
      isOpen = false;
      waiting?.();
    });
  }
  return {
    socket,
    get isOpen() {
      return isOpen;
    },
    exchange(bytes, toHead, withinMs) {
      return new Promise((resolve) => {
        const answers: HttpAnswer[] = [];
        const late = setTimeout(() => finish("late"), withinMs);
        const finish = (ended: Exchanged["ended"]) => {
          clearTimeout(late);
          waiting = undefined;
          resolve({ answers, ended, rest: received.toString("latin1", 0, 500) });
        };
        waiting = () => {
          try {
            while (answers.length < toHead.length) {
              const found = firstAnswer(received, toHead[answers.length]!);
              if (!found) break;
              answers.push(found.answer);
              received = found.rest;
              if (found.answer.isLast) isOpen = false;
            }
          } catch (error) {
            if (!(error instanceof NoHttpError)) throw error;
            isOpen = false;
          }
          if (answers.length === toHead.length) finish("answered");
          else if (!isOpen) finish("closed");
        };
        socket.write(bytes);
        waiting();
      });
    },
    close() {
      isOpen = false;
      socket.destroy();
    },
  };
}
