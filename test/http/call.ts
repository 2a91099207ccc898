import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";

/** Milliseconds between two looks at something that takes its time, and after which it has taken too long. */
const LOOK_MS = 20;
const PATIENCE_MS = 20_000;

export type Target = { url: string; key?: string };

export type Request = {
  method?: string;
  path: string;
  key?: string | undefined;
  /** A value is sent as JSON; text and bytes are sent as they are. */
  body?: unknown;
  headers?: Record<string, string>;
};

export type Reply = { status: number; headers: Headers; text: string };

/** A JSON object whose members a test looks at. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into answers whose shape the schemas check
export type Members = Record<string, any>;

/** Sends one request. Text and bytes as a body go out untouched, so that a test can send what no client would. */
export async function send(url: string, { method, path, key, body, headers }: Request): Promise<Reply> {
  const raw = typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(url + path, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...(key !== undefined && { "X-Api-Key": key }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: raw ? (body as BodyInit) : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The data of an answer that is expected to be a success. */
export function dataOf(reply: Reply): Members {
  const body = JSON.parse(reply.text) as Members;
  expect(body, reply.text).to.have.all.keys("success", "data");
  expect(body.success).to.equal(true);
  return body.data as Members;
}

/** The error of an answer that is expected to be a failure. */
export function errorOf(reply: Reply): Members {
  const body = JSON.parse(reply.text) as Members;
  expect(body.success, reply.text).to.equal(false);
  expect(body).not.to.have.property("data");
  return body.error as Members;
}

/** Records a delta and answers its view. */
export async function record(target: Target, body: Members, headers: Record<string, string> = {}): Promise<Members> {
  const reply = await send(target.url, { path: "/api/v1/balance/delta", key: target.key, body, headers });
  expect(reply.status, reply.text).to.equal(201);
  return dataOf(reply);
}

/** Data of a GET that is expected to succeed. */
export async function read(target: Target, path: string): Promise<Members> {
  const reply = await send(target.url, { path: `/api/v1${path}`, key: target.key });
  expect(reply.status, reply.text).to.equal(200);
  return dataOf(reply);
}

/** Looks again and again until `look` finds something. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  patience = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${patience} ms`);
    await sleep(LOOK_MS);
  }
}

/** Waits until a recorded delta is VERIFIED. */
export function verified(target: Target, recordId: string, patience = PATIENCE_MS): Promise<Members> {
  return eventually(
    `${recordId} VERIFIED`,
    async () => {
      const delta = await read(target, `/balance/delta/${recordId}`);
      return delta.status === "VERIFIED" ? delta : undefined;
    },
    patience,
  );
}
