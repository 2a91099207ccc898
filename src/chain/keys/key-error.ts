/** The publisher's key cannot be had from where it should come; the message says why, and never repeats a key or a password. */
export class PublisherKeyError extends Error {
  override readonly name = "PublisherKeyError";
}
