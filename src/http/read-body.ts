import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type Request, type Response } from "express";
import { TallyrootError } from "../core/errors.ts";
import { inSteps } from "../ledger/in-steps.ts";
import { parseJson } from "../wire/json.ts";
import { parsingJson } from "../wire/json-in-steps.ts";

/** Milliseconds in which a body must have come. */
const READING_MS = 60_000;

const JSON_TYPE = /^application\/json\s*(;|$)/i;
const NOTHING = Buffer.alloc(0);
const utf8 = new TextDecoder("utf-8", { fatal: true });

export function isJson({ headers }: IncomingMessage): boolean {
  const type = headers["content-type"];
  return type === "application/json" || JSON_TYPE.test(type ?? "");
}

/** Whether a body was sent, by its framing (RFC 9112, section 6): a route whose members are all optional takes none as well. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * The bytes of a body, without its content encoding.
 *
 * @param limit bytes at most, once an encoding is undone.
 * @throws TallyrootError BODY_TOO_LARGE; VALIDATION_ERROR when the caller went away; an error of the body parser for a bad encoding.
 */
export function readBytes(request: IncomingMessage, response: ServerResponse, limit: number): Buffer | Promise<Buffer> {
  const { headers } = request;
  const encoding = headers["content-encoding"];
  const isPlain = encoding === undefined || encoding.toLowerCase() === "identity";
  const bytes = Number(headers["content-length"] ?? Number.NaN);
  // What is small has come with its head: nothing needs to be waited for.
  if (isPlain && bytes <= limit && request.readableLength === bytes) return readAtOnce(request);
  limitReading(request);
  return isPlain ? readPieces(request, limit) : readEncoded(request, response, limit);
}

function readAtOnce(request: IncomingMessage): Buffer {
  const bytes = request.read() as Buffer | null;
  // The message ends for Node too: it is told so by an event, which comes to whoever goes on reading.
  request.resume();
  return bytes ?? NOTHING;
}

/**
 * Nothing is kept of a body from where it is too large, or by its own word will be. It is read to its end all the same: an answer before
 * that is lost on a caller that sends first and reads later.
 */
function readPieces(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let pieces: Buffer[] = [];
    let isTooLarge = Number(request.headers["content-length"]) > limit;
    let size = 0;
    request.on("data", (piece: Buffer) => {
      size += piece.length;
      isTooLarge ||= size > limit;
      if (isTooLarge) pieces = [];
      else pieces.push(piece);
    });
    request.once("end", () => {
      if (isTooLarge) reject(new TallyrootError("BODY_TOO_LARGE", "the body is larger than this route takes"));
      else resolve(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size));
    });
    const onLost = () => {
      if (!request.complete) reject(new TallyrootError("VALIDATION_ERROR", "the body could not be read"));
    };
    request.once("error", onLost);
    request.once("close", onLost);
  });
}

/** A body in a content encoding is the body parser's business: it knows them all, and counts what they unfold to. */
async function readEncoded(request: IncomingMessage, response: ServerResponse, limit: number): Promise<Buffer> {
  const parse = express.raw({ type: () => true, limit });
  const asked = request as Request;
  await new Promise<void>((resolve, reject) => {
    parse(asked, response as Response, (error?: unknown) => (error ? reject(error) : resolve()));
  });
  return Buffer.isBuffer(asked.body) ? asked.body : NOTHING;
}

/** A body that is sent a byte at a time must not hold a connection for ever, whether it is read or thrown away. */
export function limitReading(request: IncomingMessage): void {
  // A request that was answered is not told that its connection ended: the time must not keep the process from ending.
  const late = setTimeout(() => request.destroy(), READING_MS).unref();
  request.once("end", () => clearTimeout(late));
  request.once("close", () => clearTimeout(late));
}

/**
 * The JSON value of a body.
 *
 * @param isLarge whether it may be large: then it is parsed in steps, and others go on in between.
 * @throws TallyrootError VALIDATION_ERROR for what is not UTF-8 or not JSON.
 */
export function jsonOf(bytes: Uint8Array, isLarge: boolean): unknown {
  const text = decodeUtf8(bytes);
  return isLarge ? inSteps(parsingJson(text)) : parseJson(text);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new TallyrootError("VALIDATION_ERROR", "the body is not UTF-8");
  }
}
