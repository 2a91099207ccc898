import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openTransport, type Transport } from "../sdk/transport.ts";
import { UnansweredError, UsageError } from "./ending.ts";
import type { Terminal } from "./terminal.ts";

/** How the commands reach the server. */

/** Options of every command that calls it. */
export const CONNECTION = {
  url: { describe: "The server; else TALLYROOT_URL, else the one in <data-dir>/server.json" },
  "key-file": { describe: "A file with the API key; else TALLYROOT_API_KEY, else <data-dir>/api-key" },
  "data-dir": { describe: "The data directory of a server on this machine", default: "./data" },
  json: { type: "boolean", describe: "Print the server's answer as JSON", default: false },
} as const;

/** Where and as whom. A key is never an argument: other users of the machine see the arguments of every process. */
export type Connection = {
  url?: string | undefined;
  "key-file"?: string | undefined;
  "data-dir": string;
};

export type Reached = { url: string; apiKey: string };

/** Attempts after the first: a person waits. */
const RETRIES = 2;

// biome-ignore lint/suspicious/noExplicitAny: what a command prints of an answer is what the answer's schema has
export type Data = Record<string, any>;

/** @throws UsageError, UnansweredError where no server has left its address. */
export function reach({ url, "key-file": keyFile, "data-dir": dir }: Connection, { env }: Terminal): Reached {
  const named = url ?? (env.TALLYROOT_URL || undefined);
  const found = named ?? addressIn(fileIn(dir, "server.json", "--url"));
  if (!URL.canParse(found) || !/^https?:$/.test(new URL(found).protocol))
    throw new UsageError(`${found} is not an http or https URL`);
  const apiKey =
    keyFile === undefined
      ? env.TALLYROOT_API_KEY || fileIn(dir, "api-key", "--key-file")
      : readFileSync(keyFile, "utf8");
  if (!/^[\x21-\x7e]{1,1024}$/.test(apiKey.trim())) throw new UsageError("the API key's file does not hold one key");
  return { url: found.replace(/\/+$/, "").replace(/\/api\/v1$/, ""), apiKey: apiKey.trim() };
}

export function transportTo({ url, apiKey }: Reached): Transport {
  return openTransport({ baseUrl: url, apiKey, maxRetries: RETRIES });
}

/** Calls of the server that a command is for. */
export function openServer(connection: Connection, terminal: Terminal) {
  const transport = transportTo(reach(connection, terminal));
  const send = async (request: Parameters<Transport["send"]>[0]) => (await transport.send(request)).data as Data;
  return {
    get: (path: string, query?: Record<string, string | undefined>) => send({ method: "GET", path, query }),
    post: (path: string, body?: object, idempotencyKey?: string) =>
      send({ method: "POST", path, body, idempotencyKey }),
    remove: (path: string) => send({ method: "DELETE", path }),
  };
}

function addressIn(text: string): string {
  const { url } = JSON.parse(text) as { url?: unknown };
  return String(url);
}

function fileIn(dir: string, name: string, instead: string): string {
  try {
    return readFileSync(join(dir, name), "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new UnansweredError(
      `${join(dir, name)} cannot be read (${error.code}): is the server running? Give --data-dir, or ${instead}`,
      { cause: error },
    );
  }
}
