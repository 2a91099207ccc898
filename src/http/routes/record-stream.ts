import { TallyrootError } from "../../core/errors.ts";
import { openPause } from "../../ledger/in-steps.ts";
import type { Tenant } from "../../ledger/ports/ledgers.ts";
import { GROUP } from "../../ledger/record-group.ts";
import { openRecordStream, type RecordStream } from "../../ledger/record-stream.ts";
import { openBulkIds } from "../../ledger/request-id.ts";
import { bulkItem, streamLine } from "../../wire/batch.ts";
import { LIMITS } from "../../wire/fields.ts";
import { parseJson } from "../../wire/json.ts";
import { type Line, linesOf } from "../ndjson.ts";
import { type ReadItem, readItem, viewResult } from "../recording.ts";
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

/** One line of answer per line, in order, each after what it answers is on disk; then the summary. */
async function* answers(
  bytes: AsyncIterable<Uint8Array>,
  stream: RecordStream,
  { tenant, idempotencyKey }: Asker,
): AsyncGenerator<string> {
  const ids = openBulkIds(tenant.requestKey);
  const pause = openPause();
  let index = 0;
  let totalFailed = 0;
  for await (const lines of linesOf(bytes, { lineBytes: LIMITS.streamLineBytes })) {
    for (let start = 0; start < lines.length; start += GROUP) {
      const first = index;
      const read: ReadItem[] = [];
      for (const line of lines.slice(start, start + GROUP)) {
        await pause();
        const said = readLine(line);
        read.push(
          said instanceof TallyrootError
            ? { item: said, said: undefined }
            : readItem(said, { tenant, ids, place: { idempotencyKey, index } }),
        );
        index++;
      }
      const outcomes = await stream.record(read.map(({ item }) => item));
      totalFailed += outcomes.filter((outcome) => outcome instanceof TallyrootError).length;
      yield outcomes.map((outcome, i) => `${JSON.stringify(viewResult(first + i, read[i]!, outcome))}\n`).join("");
    }
  }
  yield `${JSON.stringify({ summary: { totalQueued: index - totalFailed, totalFailed } })}\n`;
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
