import { createServer, type RequestListener, type Server } from "node:http";
import type { Log } from "../ledger/ports/log.ts";
import { openUnreadable } from "./unreadable.ts";

/** Milliseconds that a stream of deltas may take at most; other bodies have a limit of their own. */
const STREAM_MS = 24 * 3_600_000;
/** Milliseconds in which the head of a request must have come, also the first one of a connection, and between two looks at that. */
const HEAD_MS = 20_000;
const LOOK_MS = 5_000;
/** Connections at the same time. One more is closed at once: files that are open belong to the record first. */
const MOST_CONNECTIONS = 10_000;

/**
 * The server of HTTP/1.1 around whatever answers requests. What Node would answer by itself, without a body or not at all, is answered
 * like everything else.
 */
export function openHttpServer(answer: RequestListener, log: Log): Server {
  const server = createServer({
    requestTimeout: STREAM_MS,
    headersTimeout: HEAD_MS,
    connectionsCheckingInterval: LOOK_MS,
    // Whether a host was named is looked at where the answer is made.
    requireHostHeader: false,
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on("request", answer);
  // An expectation that nobody here knows may be left unmet (RFC 9110, section 10.1.1).
  server.on("checkExpectation", answer);
  const unreadable = openUnreadable(log);
  server.on("clientError", unreadable);
  // This is no proxy: there is nothing to connect to.
  server.on("connect", (_request, socket) => {
    // Node has let go of this connection, with what it did about losing it.
    socket.on("error", () => socket.destroy());
    unreadable(new Error("CONNECT"), socket);
  });
  return server;
}
