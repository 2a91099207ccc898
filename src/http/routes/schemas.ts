import { z } from "zod";
import { consistencySchema, policySchema, receiptSchema } from "../../core/receipt-schema.ts";
import { type Route, route } from "../route.ts";

/** The JSON Schemas of the files, as texts. */
const FILES = { receipt: receiptSchema, consistency: consistencySchema, policy: policySchema };

const MEDIA_TYPE = "application/schema+json";

/** They change with a version of the server at most: an hour is soon enough to hear of it. */
const headers = { "Cache-Control": "public, max-age=3600" };

export const SCHEMA_ROUTES: readonly Route[] = Object.entries(FILES).map(([name, schema]) => {
  const file = `${JSON.stringify(schema, null, 2)}\n`;
  return route({
    method: "GET",
    path: `/api/v1/schemas/${name}.json`,
    access: "public",
    summary: `The JSON Schema of a ${name} file`,
    status: 200,
    data: z.looseObject({ title: z.string(), description: z.string() }),
    media: { [MEDIA_TYPE]: "bare" },
    codes: [],
    cors: "*",
    async handle() {
      return { file, mediaType: MEDIA_TYPE, headers };
    },
  });
});
