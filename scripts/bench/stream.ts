import { request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Server } from "./server.ts";

/** Lines that are sent as one piece. */
const PIECE = 500;
/** Characters at the end of the answer that hold its summary. */
const TAIL = 400;

/**
 * Records deltas through the bulk loader's door, and reads the answer to its end.
 *
 * @param reached is told how many lines have been sent so far.
 * @returns bytes that were sent.
 * @throws Error when a single one of them was refused.
 */
export async function streamDeltas(
  { url, apiKey }: Pick<Server, "url" | "apiKey">,
  lines: Iterable<string>,
  { signal, reached = () => {} }: { signal: AbortSignal; reached?: (sent: number) => void },
): Promise<number> {
  let [sent, bytes] = [0, 0];
  function* pieces() {
    let piece: string[] = [];
    const close = () => {
      sent += piece.length;
      const text = `${piece.join("\n")}\n`;
      bytes += text.length;
      piece = [];
      reached(sent);
      return text;
    };
    for (const line of lines) {
      piece.push(line);
      if (piece.length === PIECE) yield close();
    }
    if (piece.length > 0) yield close();
  }
  const headers = { "X-Api-Key": apiKey, "Content-Type": "application/x-ndjson" };
  const asked = request(`${url}/api/v1/balance/delta/stream`, { method: "POST", headers, signal });
  const answered = new Promise<{ status: number; tail: string }>((resolve, reject) => {
    asked.on("error", reject);
    asked.on("response", (response) => {
      let tail = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        tail = (text.length >= TAIL ? text : tail + text).slice(-TAIL);
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, tail }));
    });
  });
  const [{ status, tail }] = await Promise.all([answered, pipeline(Readable.from(pieces()), asked)]);
  const summary = status === 200 ? tail.trimEnd().split("\n").at(-1) : undefined;
  if (summary !== JSON.stringify({ summary: { totalQueued: sent, totalFailed: 0 } })) {
    throw new Error(`the stream of ${sent} deltas was answered ${status}: ${tail}`);
  }
  return bytes;
}
