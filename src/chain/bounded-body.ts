/** A body is longer than whoever asked for it is willing to hold in memory. */
export class BodyTooLongError extends Error {
  override readonly name = "BodyTooLongError";
}

/**
 * The whole body of an answer, as long as it has at most `limit` bytes: a stranger's server must not fill the memory of who asks it.
 *
 * @throws BodyTooLongError
 */
export async function bodyWithin(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > limit) throw new BodyTooLongError(`more than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
