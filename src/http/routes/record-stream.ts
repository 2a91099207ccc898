import { TallyrootError } from "../../core/errors.ts";
import type { Tenant } from "../../ledger/ports.ts";
import { GROUP } from "../../ledger/record-group.ts";
import { openRecordStream, type RecordStream } from "../../ledger/record-stream.ts";
import { openBulkIds } from "../../ledger/request-id.ts";
import { openSteps } from "../../ledger/steps.ts";
import { bulkItem, streamLine } from "../../wire/batch.ts";
import { LIMITS } from "../../wire/fields.ts";
import { linesOf } from "../ndjson.ts";
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
  codes: ["IDEMPOTENCY_CONFLICT"],
  async handle(service, { tenant, bytes, idempotencyKey }) {
    const stream = await openRecordStream(service, { tenant, route: `POST ${PATH}`, idempotencyKey, now: service.clock() });
    return {
      chunks: answers(bytes, stream, { tenant, idempotencyKey }),
      mediaType: "application/x-ndjson",
      ...(stream.resumed && { headers: { "Idempotent-Replayed": "true" } }),
    };
  },
});

/** One line of answer per line, in order, each after what it answers is on disk; then the summary. */
async function* answers(bytes: AsyncIterable<Uint8Array>, stream: RecordStream, { tenant, idempotencyKey }: { tenant: Tenant; idempotencyKey: string | undefined }): AsyncGenerator<string> {
  const ids = openBulkIds(tenant.requestKey);
  const steps = openSteps();
  let index = 0;
  let totalFailed = 0;
  for await (const lines of linesOf(bytes, { lineBytes: LIMITS.streamLineBytes })) {
    for (let start = 0; start < lines.length; start += GROUP) {
      const first = index;
      const read: ReadItem[] = [];
      for (const line of lines.slice(start, start + GROUP)) {
        if (steps.due()) await steps.pause();
        read.push(readItem(line, { tenant, ids, what: "the line", place: { idempotencyKey, index } }));
        index++;
      }
      const outcomes = await stream.record(read.map(({ item }) => item));
      totalFailed += outcomes.filter((outcome) => outcome instanceof TallyrootError).length;
      yield outcomes.map((outcome, i) => `${JSON.stringify(viewResult(first + i, read[i]!, outcome))}\n`).join("");
    }
  }
  yield `${JSON.stringify({ summary: { totalQueued: index - totalFailed, totalFailed } })}\n`;
}
