import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { openDataDirectory } from "#src/storage/data-directory.ts";
import { StorageRefusedError } from "#src/storage/refused.ts";
import { lockDirectory } from "#src/storage/sqlite/database.ts";
import { openRecordFile, request, sqlClient, temporaryFolder } from "./record-folder.ts";

describe("the data directory", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const holders: ChildProcess[] = [];
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(async () => {
    for (const holder of holders.splice(0)) await kill(holder);
    folder.remove();
  });

  async function kill(holder: ChildProcess): Promise<void> {
    if (holder.exitCode !== null || holder.signalCode !== null) return;
    const gone = once(holder, "exit");
    holder.kill("SIGKILL");
    await gone;
  }

  /** A second process on the folder, and the first thing that it says. */
  async function hold(...flags: string[]): Promise<{ holder: ChildProcess; said: string }> {
    const holder = spawn(process.execPath, [...flags, join(import.meta.dirname, "holder.ts"), folder.dir]);
    holders.push(holder);
    const [said] = (await once(holder.stdout, "data")) as [Buffer];
    return { holder, said: said.toString() };
  }

  it("belongs to one process: a second one is refused and told what to do", async () => {
    const lock = lockDirectory(folder.dir);
    const { said } = await hold();
    expect(said).to.match(/^refused: another process is running on the data directory .*TALLYROOT_DATA_DIR/);
    lock.release();
    expect((await hold()).said).to.equal("held\n");
  });

  it("is not free because memory was collected in its process", async () => {
    await hold("--expose-gc");
    await sleep(200);
    expect(() => lockDirectory(folder.dir)).to.throw(StorageRefusedError, "another process is running");
  });

  it("is free again when its process was killed", async () => {
    const { holder, said } = await hold();
    expect(said).to.equal("held\n");
    expect(() => lockDirectory(folder.dir)).to.throw(StorageRefusedError, "another process is running");
    await kill(holder);
    lockDirectory(folder.dir).release();
  });

  it("has files that only their owner can read", async () => {
    const dir = openDataDirectory(folder.dir);
    dir.key("master-key");
    dir.write("api-key", "secret\n");
    const lock = lockDirectory(folder.dir);
    const record = await openRecordFile(folder.dir);
    await record.store.record([request(record.tenant, "c")], false);
    const modes = Object.fromEntries(
      readdirSync(folder.dir).map((file) => [file, (statSync(join(folder.dir, file)).mode & 0o777).toString(8)]),
    );
    record.close();
    lock.release();
    expect(modes).to.include.keys("api-key", "lock.db", "master-key", "tallyroot.db", "tallyroot.db-wal");
    expect([...new Set(Object.values(modes))]).to.deep.equal(["600"]);
  });

  it("keeps the key that it made, and refuses a file that holds none", () => {
    const dir = openDataDirectory(folder.dir);
    const key = dir.key("master-key");
    expect(key).to.match(/^0x[0-9a-f]{64}$/);
    expect(openDataDirectory(folder.dir).key("master-key")).to.equal(key);
    expect(dir.key("publisher-key")).not.to.equal(key);
    dir.write("api-key", "x");
    const broken = openDataDirectory(temporaryIn(folder.dir, key.slice(0, 40)));
    expect(() => broken.key("master-key")).to.throw("does not hold 32 bytes");
  });

  it("tells nobody who the customers are: nothing private is in clear in any file, in any encoding", async () => {
    const words = ["customer-4711", "secret reason", "ref-8888", "metadata-name", "metadata-value", "rec_corrected"];
    const [customerId, reason, referenceId, name, value, recordId] = words as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const record = await openRecordFile(folder.dir);
    const full = { reason, referenceId, metadata: { [name]: value }, adjusts: { recordId } };
    await record.store.record(
      Array.from({ length: 20 }, () => request(record.tenant, customerId, full)),
      false,
    );
    const whileOpen = leaks(folder.dir, words);
    record.close();
    const client = sqlClient(folder.dir);
    const written = client.prepare<[], { n: number }>("SELECT count(*) AS n FROM deltas").get();
    client.close();
    expect(written).to.deep.equal({ n: 20 });
    expect(whileOpen).to.deep.equal([]);
    expect(leaks(folder.dir, words)).to.deep.equal([]);
    // The search does find what is there.
    expect(leaks(folder.dir, ["fingerprint"])).not.to.deep.equal([]);
  });
});

/** A data directory inside another, with this text as its master key. */
function temporaryIn(dir: string, text: string): string {
  const path = join(dir, "inner");
  openDataDirectory(path).write("api-key", text);
  renameSync(join(path, "api-key"), join(path, "master-key"));
  return path;
}

/** Which of the words stand in which file, as UTF-8, UTF-16, hex or base64. */
function leaks(dir: string, words: readonly string[]): string[] {
  const files = readdirSync(dir).filter((file) => file !== "lock.db");
  return files.flatMap((file) => {
    const bytes = readFileSync(join(dir, file));
    const text = bytes.toString("latin1").toLowerCase();
    return words
      .filter((word) => {
        const plain = Buffer.from(word, "utf8");
        const wide = Buffer.from(word, "utf16le");
        // Base64 of a part whose place in the whole is not known: the middle of it is the same for one of three shifts.
        const shifts = [0, 1, 2].map((shift) => plain.subarray(shift).toString("base64").slice(0, 8).toLowerCase());
        const forms = [
          plain.toString("latin1"),
          wide.toString("latin1"),
          wide.swap16().toString("latin1"),
          plain.toString("hex"),
        ];
        return [...forms.map((form) => form.toLowerCase()), ...shifts].some((form) => text.includes(form));
      })
      .map((word) => `${word} in ${file}`);
  });
}
