import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { ChainStartError } from "./errors.ts";

const MANIFEST = new URL("../../../package.json", import.meta.url);

/**
 * Loads Hardhat's native library into the calling thread, which takes ten milliseconds, and keeps it there.
 *
 * Node unloads a native library when the last thread that loaded it ends, while this one still has threads of its own
 * running in it: a server that stopped its chain's thread and went on would be ended by a segmentation fault.
 *
 * @throws ChainStartError CHAIN_NOT_INSTALLED where Hardhat is not: who anchors in another network does without it.
 */
export function holdNativeLibrary(): void {
  // It is Hardhat's dependency, not ours, so it is Hardhat who says where it is.
  createRequire(hardhat())("@nomicfoundation/edr");
}

function hardhat(): string {
  try {
    return import.meta.resolve("hardhat/hre");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    const { devDependencies } = JSON.parse(readFileSync(MANIFEST, "utf8")) as {
      devDependencies: Record<"hardhat", string>;
    };
    throw new ChainStartError(
      "CHAIN_NOT_INSTALLED",
      `the embedded chain needs Hardhat: npm install hardhat@${devDependencies.hardhat}, or set TALLYROOT_CHAIN=rpc for another network`,
      { cause: error },
    );
  }
}
