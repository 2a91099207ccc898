import type { Known, ServersWord } from "./pins.ts";

/** What a saved page carries: the evidence, and what it was held against. */
export type SavedEvidence = {
  name: string;
  bytes: Uint8Array;
  known: Known;
  /** What the server said when the page was saved; null where it was not asked. */
  serversWord: ServersWord | null;
  endpoints: readonly string[];
  /** The fingerprint that was asked for, where one was. */
  fingerprint: string | null;
  /** Where it can be verified as long as the server is there. */
  verifyUrl: string | null;
  /** ISO-8601. */
  savedAt: string;
};

const ID = "tallyroot-evidence";

/** The evidence as the text of an element that is no script. No `<` is left in it, so no content of a file can end the element. */
export function evidenceElement({ bytes, ...rest }: SavedEvidence): string {
  const json = JSON.stringify({ ...rest, base64: toBase64(bytes) }).replaceAll("<", "\\u003c");
  return `<script type="application/json" id="${ID}">${json}</script>`;
}

/** The evidence that a page was saved with; null in a page that a server sent. */
export function savedEvidence(page: Document): SavedEvidence | null {
  const element = page.getElementById(ID);
  if (!element) return null;
  const { base64, ...rest } = JSON.parse(element.textContent) as Omit<SavedEvidence, "bytes"> & { base64: string };
  return { ...rest, bytes: fromBase64(base64) };
}

/** Bytes per call: arguments have a limit. */
const CHUNK = 0x2000;

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
