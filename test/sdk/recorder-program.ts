import { once } from "node:events";
import { openRecorder } from "#src/sdk/recorder.ts";
import { openTransport } from "#src/sdk/transport.ts";

/**
 * A program that records and ends, as told by its one argument. It tells on its standard output when it has recorded, and each delta that
 * is not recorded.
 */

export type ProgramOrders = {
  url: string;
  key: string;
  customerId: string;
  deltas: number;
  /**
   * How it ends: by having nothing more to do, waiting for an outcome, waiting for a signal, or by a signal that it handles itself,
   * recording one more.
   */
  ends: "returns" | "awaits an outcome" | "waits" | "handles SIGTERM";
  /** Recorders that share the deltas. */
  recorders?: number;
  atProcessEnd?: boolean;
  /** Milliseconds that a signal leaves; long enough for a busy machine unless told otherwise. */
  signalDeadlineMs?: number;
};

const orders = JSON.parse(process.argv[2]!) as ProgramOrders;
const { url, key, customerId, deltas, ends, recorders = 1, atProcessEnd = true, signalDeadlineMs = 30_000 } = orders;
const patience = ends === "waits" || ends === "handles SIGTERM" ? setInterval(() => {}, 60_000) : undefined;
if (ends === "handles SIGTERM") {
  process.once("SIGTERM", async () => {
    await all[0]!.record({ customerId, delta: deltas + 1, reason: "used while ending" });
    await all[0]!.close();
    clearInterval(patience);
  });
}
const transport = openTransport({ apiKey: key, baseUrl: url, maxRetries: 0 });
const all = Array.from({ length: recorders }, () =>
  openRecorder(
    { transport },
    {
      // None of the deltas is sent because of its age.
      maxAgeMs: 600_000,
      atProcessEnd,
      signalDeadlineMs,
      onRefused: ({ delta, mayBeRecorded }) => say({ refused: delta.delta, mayBeRecorded }),
    },
  ),
);

function say(what: unknown): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

for (let i = 1; i <= deltas; i++) await all[i % recorders]!.record({ customerId, delta: i, reason: "used" });

say("ready");
if (ends === "awaits an outcome") say(await all[0]!.recorded({ customerId, delta: deltas + 1, reason: "used" }));
// What is written to a pipe is on its way for a moment.
if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
