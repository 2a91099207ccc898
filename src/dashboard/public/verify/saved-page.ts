import { evidenceElement, type SavedEvidence } from "./saved-evidence.ts";
import { withinScript } from "./within-script.ts";

/** The page's own program and look, as text. */
export type PageParts = { script: string; style: string };

// Known while the program is evaluated, and not afterwards. None where it came as a module, as in development.
const own = document.currentScript as HTMLScriptElement | null;

/**
 * Reads the page's own parts: out of the document where they stand in it, else from where the document names them. They are kept for
 * good by whoever has loaded the page, so a server that is gone meanwhile is not missed.
 *
 * @throws TypeError when a part is neither kept nor to be had; Error where the program is not one script.
 */
export async function readPageParts(): Promise<PageParts> {
  if (!own) throw new Error("this build of the page is not one script, and cannot be saved");
  const script = own.src === "" ? own.text : await textAt(own.src);
  const links = [...document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]')];
  const inline = document.querySelector("style[data-saved]")?.textContent ?? "";
  const linked = await Promise.all(links.map(({ href }) => textAt(href)));
  return { script, style: [inline, ...linked].join("\n") };
}

async function textAt(url: string): Promise<string> {
  const answer = await fetch(url, { cache: "force-cache" });
  if (!answer.ok) throw new TypeError(`${url} answers with status ${answer.status}`);
  return answer.text();
}

/**
 * One HTML file that verifies its evidence again when it is opened from a disk, without any server but the chain's endpoint.
 *
 * @param nonce lets the page's own program run, and no other: 128 random bits, as text without quotes.
 */
export function savedPage({ script, style }: PageParts, evidence: SavedEvidence, nonce: string): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "connect-src http: https:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Verification, saved ${evidence.savedAt}</title>
<link rel="icon" href="data:,">
<style data-saved>${style.replace(/<\/(?=style)/gi, "<\\/")}</style>
</head>
<body>
<div id="root"></div>
<noscript>This page verifies its evidence in your browser and needs JavaScript for it.</noscript>
${evidenceElement(evidence)}
<script nonce="${nonce}">${withinScript(script)}</script>
</body>
</html>
`;
}
