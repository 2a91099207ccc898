import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Hex } from "viem";
import type { EmbeddedChain } from "#src/chain/embedded/start.ts";
import { start } from "#test/chain/embedded-fixture.ts";
import type { Server } from "#test/http/server.ts";

/** What a page came to. */
export type Outcome = { verdict: string; text: string; steps: string[] };

/** Waits for the verdict. */
export async function outcomeOf(page: Page): Promise<Outcome> {
  const banner = page.locator("[data-verdict]");
  await banner.waitFor();
  return {
    verdict: (await banner.getAttribute("data-verdict")) ?? "",
    text: await banner.innerText(),
    steps: await page
      .locator("[data-step]")
      .evaluateAll((all) => all.map((one) => one.getAttribute("data-outcome") ?? "")),
  };
}

/** Chooses a file, as the button of the operating system's dialog does. The page is empty of a verdict before. */
export async function giveFile(page: Page, name: string, content: string | Uint8Array): Promise<void> {
  await page.getByLabel("Choose a file of evidence").setInputFiles({
    name,
    mimeType: "application/json",
    buffer: Buffer.from(content),
  });
}

/** What each pin is held against, and whose word it is. */
export async function wordsOf(page: Page): Promise<Record<string, string>> {
  const pins = await page
    .locator("[data-pin]")
    .evaluateAll((all) => all.map((one) => [one.getAttribute("data-pin"), one.getAttribute("data-word")]));
  return Object.fromEntries(pins);
}

/** Asks other endpoints of the chain. */
export async function askEndpoints(page: Page, ...urls: string[]): Promise<void> {
  await page.getByLabel("Endpoints of the chain").fill(urls.join("\n"));
  await page.getByRole("button", { name: /^Ask (it|again)$/ }).click();
}

/** The chain of a server that is gone, on the port where it was. */
export function chainOf({ dir, rpcUrl }: Server): Promise<EmbeddedChain> {
  const publisherKey = readFileSync(join(dir, "publisher-key"), "utf8").trim() as Hex;
  return start(dir, { port: Number(new URL(rpcUrl).port), publisherKey });
}

/** Lets browsers ask what does not speak to them. */
export async function startDoor(target: string): Promise<{ url: string; stop(): void }> {
  const open = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
  const server = createServer(async (request, response) => {
    if (request.method === "OPTIONS") return void response.writeHead(204, open).end();
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const headers = { "content-type": "application/json" };
    const answer = await fetch(target, { method: "POST", headers, body: Buffer.concat(parts) });
    response.writeHead(answer.status, { ...open, ...headers }).end(await answer.text());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
