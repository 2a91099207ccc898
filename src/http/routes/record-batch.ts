import { TallyrootError } from "../../core/errors.ts";
import { type BatchOutcome, recordBatch } from "../../ledger/record-batch.ts";
import { GROUP } from "../../ledger/record-group.ts";
import { openBulkIds } from "../../ledger/request-id.ts";
import { openSteps } from "../../ledger/steps.ts";
import { batchAnswer, batchMode, batchRequest } from "../../wire/batch.ts";
import { type BatchText, splitBatch } from "../../wire/batch-text.ts";
import { LIMITS } from "../../wire/fields.ts";
import { parseJson } from "../../wire/json.ts";
import { parsePart } from "../parse-part.ts";
import { type ReadItem, readItem, viewResult } from "../recording.ts";
import { type Call, route } from "../route.ts";

const PATH = "/api/v1/balance/delta/batch";

export const postBatch = route({
  method: "POST",
  path: PATH,
  access: "write",
  summary: "Record up to 10,000 signed deltas",
  status: 201,
  body: batchRequest,
  takes: "text",
  bodyLimit: LIMITS.batchBytes,
  data: batchAnswer,
  codes: ["AMOUNT_NOT_EXACT", "IDEMPOTENCY_CONFLICT", "BALANCE_OVERFLOW"],
  async handle(service, call) {
    const { mode, read } = await readBatch(call);
    const { tenant, idempotencyKey } = call;
    const items = read.map(({ item }) => item);
    const done = await recordBatch(service, { tenant, route: `POST ${PATH}`, mode, items, idempotencyKey, now: service.clock() });
    return {
      chunks: answerText(read, done),
      mediaType: "application/json; charset=utf-8",
      ...(done.replayed && { headers: { "Idempotent-Replayed": "true" } }),
    };
  },
});

/** Takes the body apart and reads each delta, a little at a time. @throws TallyrootError VALIDATION_ERROR for what concerns the whole. */
async function readBatch({ text, tenant, idempotencyKey }: Call<unknown, unknown, unknown>): Promise<{ mode: "independent" | "atomic"; read: ReadItem[] }> {
  const steps = openSteps();
  const split = splitBatch(text, LIMITS.batchItems);
  let step = split.next();
  while (!step.done) {
    if (steps.due()) await steps.pause();
    step = split.next();
  }
  const { deltas, mode } = expectFrame(step.value);
  const ids = openBulkIds(tenant.requestKey);
  const read: ReadItem[] = [];
  for (const [index, delta] of deltas.entries()) {
    if (steps.due()) await steps.pause();
    const one = readItem(delta, { tenant, ids, what: "the delta", place: { idempotencyKey, index } });
    // The batch is one JSON text: where a part of it is none, the whole is none.
    if (one.item instanceof TallyrootError && one.said === undefined) throw new TallyrootError("VALIDATION_ERROR", `deltas.${index}: ${one.item.message}`);
    read.push(one);
  }
  return { mode, read };
}

function expectFrame({ deltas, others }: BatchText): { deltas: string[]; mode: "independent" | "atomic" } {
  const unknown = [...others.keys()].filter((name) => name !== "mode");
  const problems = [...(deltas ? [] : ["deltas: must be an array"]), ...unknown.map((name) => `${name.slice(0, 100)}: is not a known member`)];
  if (deltas?.length === 0) problems.push("deltas: must have at least one");
  if (!deltas || problems.length > 0) {
    const issues = problems.map((problem) => ({ path: problem.slice(0, problem.lastIndexOf(": ")), message: problem.slice(problem.lastIndexOf(": ") + 2) }));
    throw new TallyrootError("VALIDATION_ERROR", problems.join("; "), { issues });
  }
  const text = others.get("mode");
  return { deltas, mode: parsePart(batchMode, text === undefined ? undefined : parseJson(text)) };
}

/** The envelope, in pieces: a few megabytes of results are not written in one go. */
async function* answerText(read: readonly ReadItem[], { outcomes, replayed }: BatchOutcome): AsyncGenerator<string> {
  const steps = openSteps();
  const totalFailed = outcomes.filter((outcome) => outcome instanceof TallyrootError).length;
  yield `{"success":true,"data":{"totalQueued":${outcomes.length - totalFailed},"totalFailed":${totalFailed},${replayed ? '"idempotent":true,' : ""}"results":[`;
  for (let start = 0; start < read.length; start += GROUP) {
    if (steps.due()) await steps.pause();
    const texts = read.slice(start, start + GROUP).map((one, i) => JSON.stringify(viewResult(start + i, one, outcomes[start + i]!)));
    yield (start === 0 ? "" : ",") + texts.join(",");
  }
  yield "]}}";
}
