import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What block explorers need to verify the source; made by scripts/verification-input.ts. */
const FOLDER = fileURLToPath(new URL("../../../contracts/deployments/", import.meta.url));
const STANDARD_INPUT = "AnchorLog.standard-input.json";
const METADATA = "AnchorLog.metadata.json";

export type Verification = {
  /** The compiler's long version, as explorers list it after a `v`. */
  compiler: string;
  /** The contract in the standard input, with its source's name. */
  contractName: string;
  standardInput: string;
  metadata: string;
};

/** How the contract was compiled. */
export function compilerOf(): { version: string; settings: unknown; contractName: string } {
  const { compiler, settings } = JSON.parse(readFileSync(join(FOLDER, METADATA), "utf8")) as {
    compiler: { version: string };
    settings: { compilationTarget: Record<string, string>; [name: string]: unknown };
  };
  const [[source, contract]] = Object.entries(settings.compilationTarget) as [[string, string]];
  const { optimizer, evmVersion, metadata, remappings } = settings;
  return {
    version: compiler.version,
    settings: { optimizer, evmVersion, metadata, remappings },
    contractName: `${source}:${contract}`,
  };
}

/** The files for explorers: where they are, or their copies in a folder. */
export function verificationFiles(folder: string | undefined): Verification {
  const { version: compiler, contractName } = compilerOf();
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true });
    for (const name of [STANDARD_INPUT, METADATA]) copyFileSync(join(FOLDER, name), join(folder, name));
  }
  const place = folder ?? FOLDER;
  return { compiler, contractName, standardInput: join(place, STANDARD_INPUT), metadata: join(place, METADATA) };
}
