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
  // Not every browser has streams that can be iterated over.
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) return joined(parts, size);
    size += part.value.length;
    if (size > limit) {
      await reader?.cancel();
      throw new BodyTooLongError(`more than ${limit} bytes`);
    }
    parts.push(part.value);
  }
}

/** A stranger chooses how many parts there are: more than a call takes arguments, if he likes. */
function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
