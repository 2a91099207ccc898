import type { Random } from "../random.ts";
import type { Server } from "../server.ts";
import { type Connection, openConnection } from "./connection.ts";
import { type Described, describedRoutes } from "./described.ts";
import { complaint, type Secrets } from "./judge.ts";
import { openKnown } from "./known.ts";
import { type MadeRequest, makeRequest } from "./requests.ts";

/** Connections over which requests are sent at the same time. Many of them wait: a webhook is tried for ten seconds at a receiver that is not there. */
const LANES = 128;
/** Share of sendings in which several requests go at once, behind each other (pipelining). */
const PIPELINED = 0.1;
const MOST_AT_ONCE = 6;
/** Milliseconds after which a request counts as never answered, on a machine that is busy as well. */
const HANG_MS = 30_000;
/** Failures that are told: the first ones say it. */
const TOLD = 25;
/** Bytes of a request that stand in a failure. */
const SHOWN = 1_500;
/** Answers 401 in a row after which the key has to be another: it was revoked by one of the requests. */
const MOST_REFUSED = 40;
const CUSTOMERS = 30;
/** The route that ends the key that it is called with. */
const ENDS_ITS_KEY = /keys\/current\/revoke$/;

export type Volume = {
  readonly sent: number;
  /** Answers by the first digit of their status. */
  readonly byClass: Readonly<Record<string, number>>;
  /** Routes of which at least one success was seen, and all of them. */
  readonly reached: number;
  readonly routes: number;
  /** Deltas that were answered 201, some of them: their record ids with the key that may read them. */
  readonly recorded: readonly { recordId: string; apiKey: string }[];
  readonly failures: readonly string[];
};

/** Sends so many requests to every route, and judges every answer. */
export async function sendVolume(
  server: Pick<Server, "url">,
  {
    requests,
    random,
    secrets,
    newKey,
    signal,
    told,
  }: {
    requests: number;
    random: Random;
    secrets: Secrets;
    /** The admin key of a tenant that may be spoilt. */
    newKey: () => Promise<string>;
    signal: AbortSignal;
    told: (sent: number) => void;
  },
): Promise<Volume> {
  const routes = await describedRoutes(server.url);
  let apiKey = await newKey();
  const customers = Array.from({ length: CUSTOMERS }, (_, i) => `fuzz_${i}`);
  // A key that revokes itself leaves nothing but refusals to look at: another one does that.
  const known = openKnown(customers, random, (value) => !apiKey.includes(value));
  let [sent, refused] = [0, 0];
  const byClass: Record<string, number> = {};
  const reached = new Set<Described>();
  const recorded: { recordId: string; apiKey: string }[] = [];
  const failures: string[] = [];
  const ground = {
    routes,
    known,
    random,
    apiKey: (route: Described) => (ENDS_ITS_KEY.test(route.path) ? (known.of("apiKey") ?? "") : apiKey),
  };
  const fail = (text: string, made: readonly MadeRequest[]) => {
    if (failures.length >= TOLD) return;
    failures.push(
      `${text} <- ${made.map(({ bytes }) => JSON.stringify(bytes.toString("latin1", 0, SHOWN))).join(" + ")}`,
    );
  };

  async function lane(): Promise<void> {
    let connection: Connection | undefined;
    while (sent < requests && !signal.aborted) {
      if (refused > MOST_REFUSED) {
        refused = 0;
        apiKey = await newKey();
      }
      const keyUsed = apiKey;
      const batch = Array.from({ length: random.chance(PIPELINED) ? random.between(2, MOST_AT_ONCE + 1) : 1 }, () =>
        makeRequest(ground),
      );
      sent += batch.length;
      if (Math.floor(sent / 10_000) > Math.floor((sent - batch.length) / 10_000)) told(sent);
      if (!connection?.isOpen) {
        connection?.close();
        connection = openConnection(server.url);
      }
      const bytes = Buffer.concat(batch.map((made) => made.bytes));
      const { answers, ended, rest } = await connection.exchange(
        bytes,
        batch.map(({ isHead }) => isHead),
        HANG_MS,
      );
      for (const [i, answer] of answers.entries()) {
        const made = batch[i]!;
        const digit = `${String(answer.status)[0]}xx`;
        byClass[digit] = (byClass[digit] ?? 0) + 1;
        refused = answer.status === 401 ? refused + 1 : answer.status < 400 && made.route?.needsKey ? 0 : refused;
        const wrong = complaint(answer, made.isHead, secrets);
        if (wrong !== undefined) fail(wrong, [made]);
        if (answer.status < 300 && made.route) reached.add(made.route);
        known.learn(answer);
        if (answer.status === 201 && recorded.length < 2_000 && made.route?.path === "/api/v1/balance/delta") {
          const { data } = JSON.parse(answer.body.toString()) as { data: { recordId?: string } };
          if (data.recordId !== undefined) recorded.push({ recordId: data.recordId, apiKey: keyUsed });
        }
      }
      // A refusal after which the connection cannot be read on takes those behind it with it, and says so.
      if (ended === "closed" && answers.at(-1)?.isLast !== true)
        fail(`the connection ended after ${answers.length} answers, ${JSON.stringify(rest)}`, batch);
      if (ended === "late") {
        fail(`${answers.length} of ${batch.length} answered within ${HANG_MS} ms`, batch);
        connection.close();
      }
    }
    connection?.close();
  }

  await Promise.all(Array.from({ length: LANES }, lane));
  signal.throwIfAborted();
  return { sent, byClass, reached: reached.size, routes: routes.length, recorded, failures };
}
