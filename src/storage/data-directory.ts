import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
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
  has(name: "chain.journal"): boolean;
};

/** What the server keeps in its directory, with the drafts and the side files of each. */
const OURS =
  /^(?:tallyroot\.db|lock\.db|chain\.journal|master-key|publisher-key|node-name|api-key|server\.json)(?:$|[.-])/;
const FOR_OTHERS = 0o077;

export function openDataDirectory(path: string): DataDirectory {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  closeToOthers(path);
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
    has: (name) => existsSync(join(path, name)),
  };
}

/**
 * Takes from other users of the machine what an unpacked archive, a copy or a lax umask gave them. A directory that has files of
 * somebody else's is left open: it may be theirs to read.
 *
 * @throws the system's error where files of ours belong to another user.
 */
function closeToOthers(path: string): void {
  const names = readdirSync(path);
  for (const name of names.filter((one) => OURS.test(one))) closeOne(join(path, name), 0o600);
  if (names.length > 0 && names.every((name) => OURS.test(name))) closeOne(path, 0o700);
}

function closeOne(path: string, mode: number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  // What a server that runs here removes in between is not there any more; it will hold its lock against this one.
  if (found && (found.mode & FOR_OTHERS) !== 0) chmodSync(path, mode);
}
