import type { z } from "zod";
import { TallyrootError } from "../core/errors.ts";

/**
 * A part of a request as its schema makes it; undefined where a route has no such part.
 *
 * @param at the path of the value within the request's part, where it is not the whole of it.
 * @throws TallyrootError with the code of the first issue, naming every member that is wrong.
 */
export function parsePart(schema: z.ZodType | undefined, value: unknown, at = ""): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) => namedIssues(issue, at));
  const code = issues.find((issue) => issue.code !== undefined)?.code ?? "VALIDATION_ERROR";
  const message = issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
  throw new TallyrootError(code, message, { issues: issues.map(({ path, message }) => ({ path, message })) });
}

type NamedIssue = { path: string; message: string; code: TallyrootError["code"] | undefined };

function namedIssues(issue: z.core.$ZodIssue, at: string): NamedIssue[] {
  const path = [at, ...issue.path]
    .map(String)
    .filter((step) => step !== "")
    .join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: path === "" ? key : `${path}.${key}`,
      message: "is not a known member",
      code: undefined,
    }));
  }
  if (issue.code === "invalid_type") {
    const message = issue.message.endsWith("received undefined") ? "is missing" : `must be of type ${issue.expected}`;
    return [{ path, message, code: undefined }];
  }
  const params = issue.code === "custom" ? (issue.params as { code?: TallyrootError["code"] } | undefined) : undefined;
  return [
    {
      path,
      message: issue.message.replace(`${path}: `, ""),
      code: params?.code === "VALIDATION_ERROR" ? undefined : params?.code,
    },
  ];
}
