import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { expect } from "chai";
import * as fc from "fast-check";
import { openApiOf } from "#src/http/openapi.ts";
import { ROUTES } from "#src/http/route-table.ts";
import { TAGS } from "#src/http/tags.ts";
import { RUNS, SEED } from "#test/core/property.ts";
import { dataOf, type Reply, record, send, verified } from "./call.ts";
import { type Document, type Listed, type Made, operationsOf, requestsTo } from "./operations.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

/** Requests that are under way together, and requests in all: a second's worth at hand, more where properties run more often. */
const TOGETHER = 50;
const REQUESTS = Math.max(1_000, 2 * RUNS);

const document = JSON.parse(JSON.stringify(openApiOf(ROUTES))) as Document;
const listed = operationsOf(document);

const ajv = new Ajv2020({ strict: false, validateSchema: false });
formats.default(ajv);
ajv.addSchema(document, "document");
const compiled = new Map<string, ValidateFunction>();

/** Judges values by the schema at this place of the document. */
function schemaAt(...steps: readonly string[]): ValidateFunction {
  const pointer = steps
    .map((step) => `/${encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))}`)
    .join("");
  const known = compiled.get(pointer) ?? ajv.compile({ $ref: `document#${pointer}` });
  compiled.set(pointer, known);
  return known;
}

const placeOf = ({ method, path }: Listed) => ["paths", path, method.toLowerCase()];

/** What is wrong with an answer by the document; empty when nothing is. */
function contradiction(one: Listed, { status, headers, text }: Reply): string {
  if (status >= 500) return `answers ${status}`;
  const response = one.operation.responses[status];
  if (!response) return `answers ${status}, which the document does not have`;
  const mediaType = (headers.get("Content-Type") ?? "").split(";")[0]!;
  if (!(mediaType in response.content)) return `answers ${status} as ${mediaType}, which the document does not have`;
  const judge = schemaAt(...placeOf(one), "responses", String(status), "content", mediaType, "schema");
  const values = mediaType.includes("ndjson")
    ? text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
    : [mediaType.includes("json") ? JSON.parse(text) : text];
  const refused = values.some((value) => !judge(value));
  return refused ? `answers what its schema refuses: ${ajv.errorsText(judge.errors)}` : "";
}

describe("the OpenAPI document", () => {
  it("is a valid OpenAPI 3.1 document", async () => {
    expect(document.openapi).to.match(/^3\.1\./);
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect(errors).to.equal(undefined);
    expect(valid).to.equal(true);
  });

  it("is the same each time it is made", () => {
    expect(JSON.stringify(openApiOf(ROUTES))).to.equal(JSON.stringify(document));
  });

  it("names each operation once, says what it does, and puts it under a tag that is explained", () => {
    const ids = listed.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).to.equal(ids.length);
    const tags: readonly string[] = TAGS.map(({ name }) => name);
    for (const { operation } of listed) {
      expect(operation.operationId).to.match(/^[a-z]+[A-Za-z]+$/);
      expect(operation.summary).not.to.equal("");
      expect(tags).to.include.members(operation.tags);
    }
  });

  it("describes every member of every request", () => {
    const bare: string[] = [];
    const look = (part: unknown, place: string) => {
      if (typeof part !== "object" || part === null) return;
      if (Object.keys(part).length === 0 && /\/(properties\/\w+|items|schema)$/.test(place)) bare.push(place);
      for (const [name, value] of Object.entries(part)) look(value, `${place}/${name}`);
    };
    for (const { method, path, operation } of listed)
      look([operation.parameters, operation.requestBody], `${method} ${path}`);
    expect(bare).to.deep.equal([]);
  });

  it("takes an amount as a number or as a decimal text, and nothing else", () => {
    const place = ["paths", "/api/v1/balance/delta", "post", "requestBody", "content", "application/json", "schema"];
    const takes = schemaAt(...place);
    const body = (delta: unknown) => ({ customerId: "c", delta, reason: "r" });
    for (const delta of [500, -0.1, "500", "-0.123456789012345678", "1e3"])
      expect(takes(body(delta)), String(delta)).to.equal(true);
    for (const delta of [0, 1e10, true, null, "ten", "+1", {}])
      expect(takes(body(delta)), String(delta)).to.equal(false);
  });
});

/** What a server logged of its own mistakes. */
function failuresIn(output: string): string {
  return output
    .split("\n")
    .filter((line) => line.includes('"code":"INTERNAL"'))
    .join("\n");
}

describe("the server", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let requests: fc.Arbitrary<Made>;

  before(async () => {
    server = await startServer(dir);
    const target = { url: server.url, key: apiKeyOf(dir) };
    const first = await record(target, { customerId: "cust_001", delta: 500, reason: "r", referenceId: "r-1" });
    const second = await record(target, { customerId: "cust_002", delta: -1, reason: "r" });
    await verified(target, second.recordId);
    const post = async (path: string, body: object) => dataOf(await send(target.url, { path, key: target.key, body }));
    const checkpoint = await post("/api/v1/balance/checkpoint", { customerId: "cust_001" });
    const key = await post("/api/v1/keys", { scope: "read" });
    const hints = {
      customerId: ["cust_001", "cust_002", "cust_003"],
      recordId: [first.recordId, second.recordId],
      referenceId: ["r-1", "r-2"],
      fingerprint: [first.receiptId, second.receiptId, checkpoint.proofRoot],
      fingerprints: [first.receiptId, second.receiptId],
      receiptId: [first.receiptId],
      checkpointId: [checkpoint.checkpointId],
      publicId: [key.publicId],
      index: ["1", "2"],
      from: [checkpoint.checkpointId],
      to: [checkpoint.checkpointId],
      startingCheckpoint: [checkpoint.proofRoot, first.recordId],
    };
    // The files of the page are megabytes, and take no input; and the key is needed until the end.
    const tried = listed.filter(({ path }) => !["/docs/{file}", "/api/v1/keys/current/revoke"].includes(path));
    requests = fc.oneof(...tried.map((one) => requestsTo(document, one, hints)));
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  it("answers with the document that its routes give", async () => {
    const reply = await send(server.url, { path: "/openapi.json" });
    expect(JSON.parse(reply.text)).to.deep.equal(document);
  });

  it("never fails, and never answers what the document does not say, whatever it is sent", async function () {
    this.timeout(600_000);
    const key = apiKeyOf(dir);
    const property = fc.asyncProperty(
      fc.array(requests, { minLength: TOGETHER, maxLength: TOGETHER }),
      async (made) => {
        const wrong = await Promise.all(
          made.map(async ({ listed, request }) => {
            const reply = await send(server.url, { key, ...request });
            const problem = contradiction(listed, reply);
            return problem && `${JSON.stringify(request)} ${problem}\n${reply.text.slice(0, 500)}`;
          }),
        );
        const problems = wrong.filter((problem) => problem !== "");
        if (problems.length > 0) throw new Error(problems.join("\n\n"));
      },
    );
    const numRuns = Math.ceil(REQUESTS / TOGETHER);
    const run = await fc.check(property, {
      numRuns,
      endOnFailure: true,
      ...(SEED !== undefined && { seed: Number(SEED) }),
    });
    // The report of fast-check would print all the fifty requests; those that were answered wrongly are in the message.
    if (run.failed)
      throw new Error(`PROPERTY_SEED=${run.seed}\n${String(run.errorInstance)}\n${failuresIn(server.output())}`);
    expect(server.errors()).to.equal("");
  });
});
