// One set-up at a time in one clone: `npm start` and `npm test` begun together would empty node_modules under each other.
// Plain JavaScript without dependencies, like bootstrap.mjs, which is its only user.

import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const HEARTBEAT_MS = 1_000;
/** A holder that has not touched the lock for this long is gone, wherever it ran: longer than an orphaned install lasts. */
const ABANDONED_MS = 300_000;
/** Longer than npm's own retries on a slow line. */
const WAIT_LIMIT_MS = 900_000;
const POLL_MS = 200;

/** The lock as it is now, or undefined when nobody holds it. @param {string} path */
function lockState(path) {
  try {
    return { text: readFileSync(path, "utf8"), touched: statSync(path).mtimeMs };
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** @param {number} pid */
function isDead(pid) {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** True when the holder ran on this machine and it and what it started are no more. @param {string} text */
function holderIsDead(text) {
  const [pids = "", host] = text.split(" ");
  if (host !== hostname()) return false; // a lock still being written, or another machine's
  return pids.split(",").every((pid) => isDead(Number(pid)));
}

/** Takes an abandoned lock away, unless somebody else did so first. @param {string} path @param {string} text */
function removeAbandoned(path, text) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  if (readFileSync(aside, "utf8") !== text && !existsSync(path)) renameSync(aside, path);
  rmSync(aside, { force: true });
}

/**
 * Runs `work` while holding the lock file at `path`. The lock cannot be left behind for ever: it is void when its
 * holder's process is dead, or (another container, a process id used again) when its time stamp stood still while we
 * watched. Watching takes our own monotonic clock, so neither a wrong clock nor a suspended laptop voids a live one.
 * @param {string} path
 * @param {(line: string) => void} say told once when there is somebody to wait for
 * @param {(involve: (pid: number) => void) => Promise<void>} work `involve` names a process it started: killed alone, this
 *   one would leave an npm behind that is still writing
 */
export async function alone(path, say, work) {
  mkdirSync(dirname(path), { recursive: true });
  const rest = `${hostname()} ${randomUUID()}`;
  let mine = `${process.pid} ${rest}`;
  const started = performance.now();
  let seen = { key: "", at: started };
  for (let told = false; ; ) {
    try {
      writeFileSync(path, mine, { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = lockState(path);
    if (holder === undefined) continue;
    const key = `${holder.text} ${holder.touched}`;
    const now = performance.now();
    if (key !== seen.key) seen = { key, at: now };
    if (holderIsDead(holder.text) || now - seen.at > ABANDONED_MS) {
      removeAbandoned(path, holder.text);
      continue;
    }
    if (now - started > WAIT_LIMIT_MS) throw new Error(`another set-up still holds ${path}`);
    if (!told) say(`waiting for the set-up that process ${holder.text.split(/[, ]/)[0]} began in this folder`);
    told = true;
    await sleep(POLL_MS);
  }
  const heartbeat = setInterval(() => {
    if (lockState(path)?.text === mine) utimesSync(path, new Date(), new Date());
  }, HEARTBEAT_MS);
  try {
    await work((pid) => {
      mine = `${process.pid},${pid} ${rest}`;
      writeFileSync(path, mine);
    });
  } finally {
    clearInterval(heartbeat);
    if (lockState(path)?.text === mine) rmSync(path);
  }
}
