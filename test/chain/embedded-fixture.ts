import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestClient, type Hex, http, publicActions, walletActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { hardhat } from "viem/chains";
import { type EmbeddedChain, startEmbeddedChain } from "#src/chain/embedded/start.ts";

export const PUBLISHER_KEY: Hex = `0x${"17".repeat(32)}`;
export const PUBLISHER = privateKeyToAccount(PUBLISHER_KEY);

/** Runtime: returns the word at its slot 0, or stores the call's first word there; reverts with 0xdeadbeef for the word 1. */
export const CELL_RUNTIME: Hex = "0x3615601e575f35806001146011575f55005b63deadbeef5f526004601cfd5b5f545f5260205ff3";
export const CELL_CREATION: Hex = `0x60${((CELL_RUNTIME.length - 2) / 2).toString(16)}8060095f395ff3${CELL_RUNTIME.slice(2)}`;

export const word = (value: number): Hex => `0x${value.toString(16).padStart(64, "0")}`;

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** A new empty directory, and a way to forget it. */
export function temporaryDirectory(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), "embedded-chain-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export const start = (dir: string, options: { port?: number; publisherKey?: Hex } = {}): Promise<EmbeddedChain> =>
  startEmbeddedChain({ dir, port: 0, host: "127.0.0.1", publisherKey: PUBLISHER_KEY, log: quiet, ...options });

/** Everybody's way in: JSON-RPC over HTTP. */
export const clientOf = (chain: EmbeddedChain) =>
  createTestClient({
    chain: hardhat,
    mode: "hardhat",
    transport: http(chain.rpcUrl, { retryCount: 0 }),
    cacheTime: 0,
    pollingInterval: 20,
  })
    .extend(publicActions)
    .extend(walletActions);

export const journalPath = (dir: string): string => join(dir, "chain.journal");

export const journalLines = (dir: string): string[] => readFileSync(journalPath(dir), "utf8").split("\n").slice(0, -1);
