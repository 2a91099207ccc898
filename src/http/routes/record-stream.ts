import { TallyrootError } from "../../core/errors.ts";
import { inSteps } from "../../ledger/in-steps.ts";
import type { Tenant } from "../../ledger/ports/ledgers.ts";
import { GROUP } from "../../ledger/record-group.ts";
import { openRecordStream, type RecordStream } from "../../ledger/record-stream.ts";
import { openBulkIds } from "../../ledger/request-id.ts";
import { bulkItem, streamLine } from "../../wire/batch.ts";
import { LIMITS } from "../../wire/fields.ts";
import { parseJson } from "../../wire/json.ts";
import { type Line, linesOf } from "../ndjson.ts";
import { inTurn, type ReadItem, readItem, resultText } from "../recording.ts";
import { route } from "../route.ts";

const PATH = "/api/v1/balance/delta/stream";

export const postStream = route({
  method: "POST",
  path: PATH,
  access: "write",
  summary: "Record any number of signed deltas, line by line",
  status: 200,
  body: bulkItem,
  takes: "lines",
  data: streamLine,
  media: { "application/x-ndjson": "lines" },
  codes: ["IDEMPOTENCY_CONFLICT"],
  async handle(service, { tenant, bytes, idempotencyKey }) {
    const stream = await openRecordStream(service, {
      tenant,
      route: `POST ${PATH}`,
      idempotencyKey,
      now: service.clock(),
    });
    return {
      chunks: answers(bytes, stream, { tenant, idempotencyKey }),
      mediaType: "application/x-ndjson",
      headers: stream.resumed ? { "Idempotent-Replayed": "true" } : {},
    };
  },
});

type Asker = { tenant: Tenant; idempotencyKey: string | undefined };

/** Lines that are recorded together, as they were read. */
type Group = { first: number; items: ReadItem[] };

/**
 * One line of answer per line, in order, each after what it answers is on disk; then the summary. While one group is recorded, the next
 * is read; it is recorded after that, so that what is on record is what came before one point.
 */
async function* answers(bytes: AsyncIterable<Uint8Array>, stream: RecordStream, asker: Asker): AsyncGenerator<string> {
  const groups = readGroups(bytes, asker);
  let [total, totalFailed] = [0, 0];
  let reading = readAhead(groups);
  try {
    for (;;) {
      const { done, value: group } = await reading;
      if (done) break;
      const recording = stream.record(group.items.map(({ item }) => item));
      reading = readAhead(groups);
      let text = "";
      for (const [i, outcome] of (await recording).entries()) {
        if (outcome instanceof TallyrootError) totalFailed += 1;
        text += `${resultText(group.first + i, group.items[i]!, outcome)}\n`;
      }
      total += group.items.length;
      yield text;
    }
  } finally {
    // Not waited for: whoever is in the middle of reading ends when the request does.
    void Promise.allSettled([groups.return(undefined)]);
  }
  yield `${JSON.stringify({ summary: { totalQueued: total - totalFailed, totalFailed } })}\n`;
}

/** The next group, begun now. A failure to read is met where the group is waited for, which may be later. */
function readAhead<T>(groups: AsyncGenerator<T>): Promise<IteratorResult<T>> {
  const next = groups.next();
  void Promise.allSettled([next]);
  return next;
}

async function* readGroups(
  bytes: AsyncIterable<Uint8Array>,
  { tenant, idempotencyKey }: Asker,
): AsyncGenerator<Group, undefined> {
  const ids = openBulkIds(tenant.requestKey);
  const read = (line: Line, index: number): ReadItem => {
    const said = readLine(line);
    if (said instanceof TallyrootError) return { item: said, said: undefined };
    return readItem(said, { tenant, ids, place: { idempotencyKey, index } });
  };
  let first = 0;
  for await (const lines of linesOf(bytes, { lineBytes: LIMITS.streamLineBytes })) {
    for (let start = 0; start < lines.length; start += GROUP) {
      const group = lines.slice(start, start + GROUP);
      const from = first;
      yield { first: from, items: await inSteps(inTurn(group, (line, i) => read(line, from + i))) };
      first += group.length;
    }
  }
}

/** The JSON value of a line, or why it is none: that line's refusal, and no other's. */
function readLine(line: Line): unknown {
  if (line instanceof TallyrootError) return line;
  try {
    return parseJson(line, "the line");
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return error;
  }
}
