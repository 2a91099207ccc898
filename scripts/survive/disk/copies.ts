import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Fault, Settings } from "../drill.ts";
import { seeded } from "../random.ts";
import { startServer } from "../server.ts";
import {
  allVerified,
  copyDirectory,
  expectRefusal,
  openDirectory,
  postFor,
  readiness,
  wholeRecord,
  within,
} from "./directory.ts";

/** The second of the well-known accounts of a development chain, which has money there and nothing anywhere else. */
const KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
/** Milliseconds of posting. */
const POST_MS = 200;
const HALT_MS = 90_000;
const RECORD = ["tallyroot.db", "tallyroot.db-wal"];
/** What the log on chain has and the record has not. */
const BEHIND = /older copy|another copy/;

/** A database put back from an older copy: it must not give out sequences again that are anchored. */
export async function olderCopy({ dir, signal, seed }: Settings): Promise<Fault> {
  const random = seeded(seed);
  const directory = openDirectory({ dir: join(dir, "older"), signal });
  const [data, kept, newest] = [directory.options.dir, join(dir, "kept"), join(dir, "newest")];
  const files = (from: string, to: string) => {
    for (const name of RECORD) {
      rmSync(join(to, name), { force: true });
      cpSync(join(from, name), join(to, name));
    }
    rmSync(join(to, "tallyroot.db-shm"), { force: true });
  };
  const failures: string[] = [];
  const anchorSome = async () => {
    const server = await startServer(directory.options);
    await postFor(server, directory.book, random, POST_MS);
    failures.push(...(await allVerified(server, directory.book)));
    await server.kill();
  };
  await anchorSome();
  cpSync(data, kept, { recursive: true });
  await anchorSome();
  cpSync(data, newest, { recursive: true });
  files(kept, data);
  failures.push(...(await expectRefusal(directory.options, BEHIND)));
  files(newest, data);
  const server = await startServer(directory.options);
  failures.push(...(await wholeRecord(server, directory)));
  await server.kill();
  return {
    name: "The database is put back from a copy that is older than what is anchored",
    tries: 1,
    figures: { acknowledged: directory.book.acknowledged.size },
    failures,
  };
}

/** Two servers over one directory, and over two copies of one with the same publisher's key. */
export async function twoServers({ dir, signal, seed }: Settings): Promise<Fault[]> {
  const random = seeded(seed);
  // Its chain is the one that both copies anchor in.
  const host = await startServer({ dir: openDirectory({ dir: join(dir, "chain"), signal }).options.dir, signal });
  const settings = {
    TALLYROOT_CHAIN: "rpc",
    TALLYROOT_RPC_URL: host.rpcUrl,
    TALLYROOT_PUBLISHER_KEY: KEY,
    TALLYROOT_CONFIRMATIONS: "1",
    TALLYROOT_HALT_AFTER_MS: "1000",
  };
  const one = openDirectory({ dir: join(dir, "one"), signal, settings });
  let first = await startServer(one.options);
  await postFor(first, one.book, random, POST_MS);
  const begun = await allVerified(first, one.book);
  const lock: Fault = {
    name: "A second server over the same directory",
    tries: 1,
    figures: {},
    failures: await expectRefusal(one.options, /another process is running/),
  };
  await first.kill();
  const two = copyDirectory(one, join(dir, "two"));
  first = await startServer(one.options);
  const second = await startServer(two.options);
  const failures = [...begun];
  await postFor(first, one.book, random, POST_MS);
  failures.push(...(await allVerified(first, one.book)));
  // The log has gone on without this one, which is about to find that out.
  await postFor(second, two.book, random, POST_MS);
  const halted = await within(async () => /another copy/.test(await readiness(second)), HALT_MS);
  if (!halted) failures.push(`the copy does not halt by name: ${await readiness(second)}`);
  await second.kill();
  failures.push(...(await expectRefusal(two.options, BEHIND)));
  await postFor(first, one.book, random, POST_MS);
  failures.push(...(await wholeRecord(first, one)));
  await first.kill();
  await host.kill();
  const copies = {
    name: "Two servers over copies of one database, with one publisher's key",
    tries: 1,
    figures: { "acknowledged by the first": one.book.acknowledged.size },
    failures,
  };
  return [lock, copies];
}
