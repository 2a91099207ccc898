/** The data directory or database cannot be used as it is; the message says what to do. */
export class StorageRefusedError extends Error {
  override readonly name = "StorageRefusedError";
}
