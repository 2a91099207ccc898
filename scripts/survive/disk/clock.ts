import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { settle } from "../book.ts";
import type { Fault, Settings } from "../drill.ts";
import { type Random, seeded } from "../random.ts";
import { type Server, startServer } from "../server.ts";
import { type Directory, openDirectory, postFor, read, wholeRecord } from "./directory.ts";

const PRELOAD = fileURLToPath(new URL("./shifted-clock.ts", import.meta.url));
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How far the clock is from the system's, in milliseconds, one after the other; the server is killed and started after some of them. */
const SHIFTS = [0, DAY, -2 * DAY, 40 * DAY, 40 * DAY - 5_000, -3_000, 0, 400 * DAY, 0];
const RESTART_AFTER = [2, 5];
/** Milliseconds of posting after each jump. */
const POST_MS = 120;

type Made = { checkpointId: string; from: string; to: string; deltasCount: number };

/** Lets the server's clock jump, both ways. */
export async function jumpingClock({ dir, signal, seed, say }: Settings): Promise<Fault> {
  const random = seeded(seed);
  const file = join(dir, "clock-shift");
  const jump = (milliseconds: number) => writeFileSync(file, String(milliseconds));
  jump(0);
  const settings = { NODE_OPTIONS: `--import=${PRELOAD}`, CLOCK_SHIFT_FILE: file };
  const directory = openDirectory({ dir: join(dir, "clock"), signal, settings });
  let server = await startServer(directory.options);
  const failures: string[] = [];
  const statements: Made[] = [];
  const key = await timedKey(server, Date.now() + HOUR);
  for (const [i, shift] of SHIFTS.entries()) {
    jump(shift);
    await postFor(server, directory.book, random, POST_MS);
    statements.push(...(await closeWindows(server, directory, { random, now: Date.now() + shift, failures })));
    const { status } = await read({ url: server.url, apiKey: key }, "/balance/customers/summary");
    if (status !== (shift >= HOUR ? 401 : 200)) failures.push(`a key of one hour gets ${status} at ${shift} ms`);
    if (!RESTART_AFTER.includes(i)) continue;
    await server.kill();
    server = await startServer(directory.options);
  }
  jump(0);
  await settle(server, directory.book);
  failures.push(...(await timesAndWindows(server, directory, statements)));
  failures.push(...(await wholeRecord(server, directory)));
  await server.stop();
  say("disk: the clock has jumped");
  return {
    name: "The clock jumps, forwards and back",
    tries: SHIFTS.length - 1,
    figures: { acknowledged: directory.book.acknowledged.size, statements: statements.length },
    failures,
  };
}

async function post(server: Server, path: string, body: object): Promise<{ status: number; text: string }> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method: "POST",
    headers: { "X-Api-Key": server.apiKey, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

async function timedKey(server: Server, expiresAt: number): Promise<string> {
  const { status, text } = await post(server, "/keys", { scope: "read", expiresAt: new Date(expiresAt).toISOString() });
  if (status !== 201) throw new Error(`no key is made: ${status} ${text}`);
  return (JSON.parse(text) as { data: { apiKey: string } }).data.apiKey;
}

type Closing = { random: Random; now: number; failures: string[] };

/** Statements over windows that end at the server's time, and before it. */
async function closeWindows(server: Server, { book }: Directory, { random, now, failures }: Closing): Promise<Made[]> {
  const made: Made[] = [];
  const recorded = [...new Set([...book.acknowledged.values()].map(({ post: { customerId } }) => customerId))];
  for (const back of [0, random.between(1, 200), HOUR]) {
    const window = { startDate: new Date(now - 500 * DAY).toISOString(), endDate: new Date(now - back).toISOString() };
    const customerId = random.oneOf(recorded);
    const { status, text } = await post(server, "/balance/checkpoint", { customerId, timePreset: "custom", ...window });
    if (status === 201) made.push((JSON.parse(text) as { data: Made }).data);
    else failures.push(`a statement is refused: ${status} ${text}`);
  }
  return made;
}

type Derived = { deltas: { recordedAt: string }[]; deltasCount: number };

/** Times never go back within a ledger, and what a statement said of a window that was over is still so. */
async function timesAndWindows(server: Server, { book }: Directory, statements: readonly Made[]): Promise<string[]> {
  const failures: string[] = [];
  const times = new Map<string, number[]>();
  for (const customerId of book.customers) {
    const recorded: number[] = [];
    for (let all = 1; recorded.length < all; ) {
      const query = `limit=1000&offset=${recorded.length}`;
      const { status, data } = await read<Derived>(server, `/balance/derive/${customerId}?${query}`);
      // Nothing was ever recorded for this one.
      if (status === 404) break;
      if (!data) throw new Error(`${customerId} cannot be derived: ${status}`);
      recorded.push(...data.deltas.map(({ recordedAt }) => Date.parse(recordedAt)));
      all = data.deltasCount;
    }
    if (recorded.some((time, i) => i > 0 && time < recorded[i - 1]!))
      failures.push(`${customerId}: recordedAt goes back`);
    times.set(customerId, recorded);
  }
  for (const { checkpointId, deltasCount } of statements) {
    const { data } = await read<Made & { customerId: string }>(server, `/balance/checkpoints/${checkpointId}`);
    if (!data) {
      failures.push(`the statement ${checkpointId} is gone`);
      continue;
    }
    const [from, to] = [Date.parse(data.from), Date.parse(data.to)];
    const within = times.get(data.customerId)!.filter((time) => time >= from && time < to).length;
    if (within !== deltasCount)
      failures.push(
        `${checkpointId} of ${data.customerId} up to ${data.to} counted ${deltasCount}, and holds ${within}`,
      );
  }
  return failures;
}
