import { TallyrootError } from "../../core/errors.ts";
import { inSteps, openPause } from "../../ledger/in-steps.ts";
import { type BatchOutcome, recordBatch } from "../../ledger/record-batch.ts";
import { GROUP } from "../../ledger/record-group.ts";
import { openBulkIds } from "../../ledger/request-id.ts";
import { batchAnswer, batchRequest } from "../../wire/batch.ts";
import { LIMITS } from "../../wire/fields.ts";
import { inTurn, type ReadItem, readItem, resultText } from "../recording.ts";
import { route } from "../route.ts";

const PATH = "/api/v1/balance/delta/batch";

export const postBatch = route({
  method: "POST",
  path: PATH,
  access: "write",
  summary: "Record up to 10,000 signed deltas",
  status: 201,
  body: batchRequest,
  bodyLimit: LIMITS.batchBodyBytes,
  data: batchAnswer,
  codes: ["AMOUNT_NOT_EXACT", "QUOTA_EXCEEDED", "IDEMPOTENCY_CONFLICT", "BALANCE_OVERFLOW"],
  async handle(service, { tenant, body, idempotencyKey }) {
    const ids = openBulkIds(tenant.requestKey);
    const read = await inSteps(
      inTurn(body.deltas, (said, index) => readItem(said, { tenant, ids, place: { idempotencyKey, index } })),
    );
    const items = read.map(({ item }) => item);
    const done = await recordBatch(service, {
      tenant,
      route: `POST ${PATH}`,
      mode: body.mode,
      items,
      idempotencyKey,
      now: service.clock(),
    });
    return {
      chunks: answerText(read, done),
      mediaType: "application/json; charset=utf-8",
      headers: done.replayed ? { "Idempotent-Replayed": "true" } : {},
    };
  },
});

/** The envelope, in pieces: a few megabytes of results are not written in one go. */
async function* answerText(read: readonly ReadItem[], { outcomes, replayed }: BatchOutcome): AsyncGenerator<string> {
  const pause = openPause();
  const totalFailed = outcomes.filter((outcome) => outcome instanceof TallyrootError).length;
  yield `{"success":true,"data":{"totalQueued":${outcomes.length - totalFailed},"totalFailed":${totalFailed},${replayed ? '"idempotent":true,' : ""}"results":[`;
  for (let start = 0; start < read.length; start += GROUP) {
    await pause();
    const group = read.slice(start, start + GROUP);
    const texts = group.map((one, i) => resultText(start + i, one, outcomes[start + i]!));
    yield (start === 0 ? "" : ",") + texts.join(",");
  }
  yield "]}}";
}
