import { execFileSync } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

export type Runtime = {
  node: string;
  /** Without the "v". */
  version: string;
  /** Whether it is the one that runs the tests. */
  own: boolean;
  /** Whether SQLite's native part runs on it, and so the server. */
  serves: boolean;
};

/** The Node-API version that the server needs. */
const NODE_API = 10;

/** Every Node of this machine: the one that runs the tests, and others that come earlier or later in the path. */
export function runtimes(): Runtime[] {
  const own = realpathSync(process.execPath);
  const found = new Set([own]);
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, "node");
    try {
      accessSync(file, constants.X_OK);
      found.add(realpathSync(file));
    } catch (error) {
      if (!["ENOENT", "EACCES", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return [...found].map((node) => {
    const told = execFileSync(node, ["-p", "process.versions.node + ' ' + process.versions.napi"], {
      encoding: "utf8",
    });
    const [version = "", api] = told.trim().split(" ");
    return { node, version, own: node === own, serves: Number(api) >= NODE_API };
  });
}

/** The environment of a program that somebody else starts with this Node: nothing in it is of the run of these tests. */
export function environmentOf({ node }: Pick<Runtime, "node">, more: Record<string, string> = {}) {
  const outer = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_(?:package|lifecycle|command|config_local)|INIT_CWD|NODE_|TALLYROOT_|MOCHA_)/.test(name),
  );
  // Without the folders that npm puts in front for a script of this project.
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return { ...Object.fromEntries(outer), PATH: [dirname(node), ...path].join(delimiter), ...more };
}
