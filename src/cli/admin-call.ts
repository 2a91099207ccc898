import { readFileSync } from "node:fs";
import { join } from "node:path";

/** How the admin commands reach the running server, and what they do when it does not do what they ask. */

/** Options that every admin command has. */
export const CONNECTION = {
  url: { type: "string" },
  key: { type: "string" },
  "data-dir": { type: "string", default: "./data" },
  json: { type: "boolean", default: false },
} as const;

export const CONNECTION_USAGE = `  --data-dir DIR   the server's data directory, for its URL and first key (default ./data)
  --url URL        the server instead of the one in <data dir>/server.json
  --key KEY        an admin key instead of the one in <data dir>/api-key
  --json           the server's answer as JSON`;

export type Connection = { url?: string | undefined; key?: string | undefined; "data-dir": string };

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The server answered with an error of its catalogue. */
class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** Nothing that speaks this API answered. */
class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

// biome-ignore lint/suspicious/noExplicitAny: what a command prints of an answer is what the answer's schema has
export type Data = Record<string, any>;

type Sent = { method: "GET" | "POST"; path: string; body?: object | undefined };

/** Milliseconds that the server may take. */
const PATIENCE_MS = 30_000;

/** @throws UsageError, RefusedError, UnreachableError */
export async function callServer(connection: Connection, { method, path, body }: Sent): Promise<Data> {
  const { url, key } = reach(connection);
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { "X-Api-Key": key, ...(body && { "Content-Type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch((error: unknown) => {
    throw new UnreachableError(`no server answers at ${url}: is it running?`, { cause: error });
  });
  const text = await response.text();
  const answer = response.headers.get("Content-Type")?.startsWith("application/json")
    ? (JSON.parse(text) as Data)
    : undefined;
  if (answer?.success === true) return answer.data;
  if (answer?.error) throw new RefusedError(`${answer.error.code}: ${answer.error.message}`);
  throw new UnreachableError(`what answers at ${url} is not this API (status ${response.status})`);
}

function reach({ url, key, "data-dir": dir }: Connection): { url: string; key: string } {
  return {
    url: (url ?? (JSON.parse(fileIn(dir, "server.json", "--url")) as { url: string }).url).replace(/\/+$/, ""),
    key: key ?? fileIn(dir, "api-key", "--key").trim(),
  };
}

function fileIn(dir: string, name: string, instead: string): string {
  try {
    return readFileSync(join(dir, name), "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new UnreachableError(
      `${join(dir, name)} cannot be read (${error.code}): is the server running? Give --data-dir, or ${instead}`,
      { cause: error },
    );
  }
}

/**
 * Runs a command to its exit code: 0 done, 1 refused by the server, 2 wrong usage, 3 no server.
 *
 * @param work prints what it did.
 */
export async function runCommand(name: string, usage: string, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    const parsing = error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
    if (error instanceof UsageError || parsing) {
      process.stderr.write(`tallyroot ${name}: ${error.message}\n${usage}\n`);
      return 2;
    }
    if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
    process.stderr.write(`tallyroot ${name}: ${error.message}\n`);
    return error instanceof RefusedError ? 1 : 3;
  }
}

/** Lines of columns, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
