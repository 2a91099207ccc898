import type { z } from "zod";
import { TallyrootError } from "../core/errors.ts";

/** Mistakes that an answer names, and characters of a name in it: a megabyte of unknown members is not sent back, several times over. */
const MOST_NAMED = 100;
const MOST_CHARACTERS = 200;

/**
 * A part of a request as its schema makes it; undefined where a route has no such part.
 *
 * @param at the path of the value within the request's part, where it is not the whole of it.
 * @throws TallyrootError with the code of the first issue, naming the members that are wrong.
 */
export function parsePart(schema: z.ZodType | undefined, value: unknown, at = ""): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) => namedIssues(issue, at));
  const code = issues.find((issue) => issue.code !== undefined)?.code ?? "VALIDATION_ERROR";
  const named = issues.slice(0, MOST_NAMED).map(({ path, message }) => ({ path: shortened(path), message }));
  const texts = named.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  if (issues.length > named.length) texts.push(`and ${issues.length - named.length} more`);
  throw new TallyrootError(code, texts.join("; "), { issues: named });
}

function shortened(path: string): string {
  return path.length > MOST_CHARACTERS ? `${path.slice(0, MOST_CHARACTERS)}…` : path;
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
