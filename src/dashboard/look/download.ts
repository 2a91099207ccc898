/** Milliseconds within which a browser has taken hold of what it was given, on a busy machine too. */
const KEPT_MS = 60_000;

/** Gives the visitor a file. */
export function download(name: string, type: string, parts: readonly (string | Uint8Array<ArrayBuffer>)[]): void {
  const url = URL.createObjectURL(new Blob([...parts], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
