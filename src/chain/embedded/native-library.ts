import { createRequire } from "node:module";

/**
 * Loads Hardhat's native library into the calling thread, which takes ten milliseconds, and keeps it there.
 *
 * Node unloads a native library when the last thread that loaded it ends, while this one still has threads of its own
 * running in it: a server that stopped its chain's thread and went on would be ended by a segmentation fault.
 */
export function holdNativeLibrary(): void {
  // It is Hardhat's dependency, not ours, so it is Hardhat who says where it is.
  createRequire(import.meta.resolve("hardhat/hre"))("@nomicfoundation/edr");
}
