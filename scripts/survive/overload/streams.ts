import { once } from "node:events";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../server.ts";

const LINES_AT_ONCE = 100;
/** Lines that may be on their way: more than the server holds, less than the buffers of the operating system, which take minutes to record. */
const MOST_AHEAD = 4_000;
/** Milliseconds between two looks whether some were answered. */
const LOOK_MS = 5;

export type Streamed = {
  /** Lines that were sent, answered as recorded, and refused. */
  readonly sent: number;
  readonly recorded: number;
  readonly refused: number;
  /** Whether its last line is the summary. */
  readonly isWhole: boolean;
};

/** Sends lines for so long, as fast as the server takes them, and counts the answers. */
export async function streamFor(
  { url, apiKey }: Pick<Server, "url" | "apiKey">,
  name: string,
  milliseconds: number,
): Promise<Streamed> {
  const headers = { "X-Api-Key": apiKey, "Content-Type": "application/x-ndjson" };
  const asked = request(`${url}/api/v1/balance/delta/stream`, { method: "POST", headers });
  let [sent, recorded, refused, isWhole, rest] = [0, 0, 0, false, ""];
  const answered = (async () => {
    const [response] = await once(asked, "response");
    if (response.statusCode !== 200) throw new Error(`a stream was answered ${response.statusCode}`);
    for await (const piece of response.setEncoding("utf8")) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith('{"summary"')) isWhole = true;
        else if (line.includes('"error"')) refused += 1;
        else recorded += 1;
      }
    }
  })();
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    if (sent - recorded - refused > MOST_AHEAD) {
      await sleep(LOOK_MS);
      continue;
    }
    let text = "";
    for (let i = 0; i < LINES_AT_ONCE; i++)
      text += `{"customerId":"${name}","delta":1,"reason":"streamed","referenceId":"${sent++}"}\n`;
    if (!asked.write(text)) await once(asked, "drain");
  }
  asked.end();
  await answered;
  return { sent, recorded, refused, isWhole };
}
