import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** Bytes of a key that this server makes for itself. */
const KEY_BYTES = 32;

/** The files beside the database in a data directory. Those that are secret have mode 0600. */
export type DataDirectory = {
  readonly path: string;
  /** The key of this name as 0x hex: read, or made once. `node-name` is none, but what tells this server from others over one database. */
  key(name: "master-key" | "publisher-key" | "node-name"): `0x${string}`;
  write(name: "api-key" | "server.json", text: string): void;
  remove(name: "server.json"): void;
};

export function openDataDirectory(path: string): DataDirectory {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string) => {
    // Whole or not at all: a file that a crash cut short would be taken for a key.
    const target = join(path, name);
    const draft = `${target}.draft`;
    const file = openSync(draft, "w", 0o600);
    writeSync(file, text);
    fsyncSync(file);
    closeSync(file);
    renameSync(draft, target);
    const folder = openSync(path, "r");
    fsyncSync(folder);
    closeSync(folder);
  };
  return {
    path,
    key(name) {
      const target = join(path, name);
      if (!existsSync(target)) write(name, `0x${randomBytes(KEY_BYTES).toString("hex")}\n`);
      const text = readFileSync(target, "utf8").trim();
      if (!/^0x[0-9a-f]{64}$/.test(text)) throw new Error(`${target} does not hold 32 bytes as 0x hex`);
      return text as `0x${string}`;
    },
    write,
    remove: (name) => rmSync(join(path, name), { force: true }),
  };
}
