import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { listenForErasures } from "#src/storage/postgres/erasures.ts";
import { lookAt } from "#src/storage/postgres/look.ts";
import { type Pair, startPair } from "#test/ports/postgres-standby.ts";
import { deltasOf, request } from "#test/storage/record-folder.ts";
import { type OpenNode, openNode } from "./record.ts";
import { COMMIT, startWire, type Wire } from "./wire.ts";

/** A pair is started for each test, on a machine that may be busy. */
const PATIENCE_MS = 90_000;
const LOOK_MS = 10;
const MOST_LOOKS = 2_000;

describe("a failover to a standby", function () {
  this.timeout(PATIENCE_MS);
  let pair: Pair;
  let node: OpenNode | undefined;
  let wire: Wire | undefined;
  beforeEach(async () => {
    pair = await startPair();
  });
  afterEach(async () => {
    await node?.close();
    await wire?.close();
    [node, wire] = [undefined, undefined];
    await pair.stop();
  });

  const record = async () => {
    const { store, tenant } = node!;
    return deltasOf(await store.record([request(tenant, "c")], false))[0]!.sequence;
  };
  const sequences = async (url: string) => {
    const rows = await pair.ask<{ sequence: number }>(url, "SELECT sequence::int FROM deltas ORDER BY sequence");
    return rows.map(({ sequence }) => sequence);
  };
  const until = async (is: () => boolean | Promise<boolean>) => {
    for (let looks = 0; looks < MOST_LOOKS; looks++, await sleep(LOOK_MS)) if (await is()) return;
    throw new Error("it does not become so");
  };
  const standbyFirst = () => {
    const [primary, standby] = [new URL(pair.primaryUrl).host, new URL(pair.standbyUrl).host];
    return pair.url.replace(`${primary},${standby}`, `${standby},${primary}`);
  };
  /** The answer to the next commit is lost; the database is away from then on, for whoever goes over the wire. */
  const cutAtCommit = () => {
    let cut = false;
    wire!.onPacket = (packet) => {
      if (cut) return "lose";
      cut = packet.includes(COMMIT);
      return cut ? "pass and cut" : "pass";
    };
  };

  it("is to the server that writes, wherever it stands in the URL", async () => {
    expect((await pair.ask(pair.standbyUrl, "SELECT 1")).length).to.equal(1);
    node = await openNode(standbyFirst());
    expect([await record(), await record()]).to.deep.equal([1, 2]);
    expect(await sequences(pair.primaryUrl)).to.deep.equal([1, 2]);
    expect((await lookAt(standbyFirst())).record?.facts.size).to.be.greaterThan(0);
  });

  it("that takes its time is 503 meanwhile, and gone on from by itself", async () => {
    node = await openNode(pair.url);
    expect(await record()).to.equal(1);
    await pair.caughtUp();
    await pair.kill();
    const refused = await Promise.allSettled([record(), node.store.progress()]);
    for (const each of refused)
      expect(each.status === "rejected" && each.reason).to.include({ code: "SERVICE_UNAVAILABLE" });
    await pair.promote();
    expect(await record()).to.equal(2);
    expect(await sequences(pair.standbyUrl)).to.deep.equal([1, 2]);
  });

  it("does not make a commit that the standby never heard of look like one that was made there under its number", async () => {
    wire = await startWire(pair.primaryUrl);
    node = await openNode(wire.url);
    expect(await record()).to.equal(1);
    await pair.caughtUp();
    await pair.part();
    cutAtCommit();
    const recording = record();
    await until(async () => (await sequences(pair.primaryUrl)).length === 2);
    const [lost] = await pair.ask<{ xid: string }>(
      pair.primaryUrl,
      "SELECT xmin AS xid FROM deltas WHERE sequence = 2",
    );
    await pair.kill();
    await pair.promote();
    const next = async () => {
      const [row] = await pair.ask<{ xid: string }>(pair.standbyUrl, "SELECT pg_current_xact_id()::text AS xid");
      return Number(row!.xid);
    };
    expect(await next(), "the standby gives the number again").to.be.at.most(Number(lost!.xid));
    await until(async () => (await next()) > Number(lost!.xid));
    wire.to = pair.standbyUrl;
    wire.onPacket = () => "pass";
    expect(await recording).to.equal(2);
    expect(await sequences(pair.standbyUrl)).to.deep.equal([1, 2]);
    expect(await record()).to.equal(3);
  });

  it("finds on the standby what it has confirmed, where the answer was lost with the primary", async () => {
    wire = await startWire(pair.primaryUrl);
    node = await openNode(wire.url.replace(/(@[^/]*)\//, `$1,${new URL(pair.standbyUrl).host}/`));
    expect(await record()).to.equal(1);
    await pair.synchronous();
    cutAtCommit();
    const recording = record();
    await until(async () => (await sequences(pair.standbyUrl)).length === 2);
    await pair.kill();
    await pair.promote();
    expect(await recording).to.equal(2);
    expect(await sequences(pair.standbyUrl)).to.deep.equal([1, 2]);
    expect(await record()).to.equal(3);
  });

  it("finds nothing that only a primary had which crashed before a standby confirmed it, and recovered in between", async () => {
    wire = await startWire(pair.primaryUrl);
    node = await openNode(wire.url);
    expect(await record()).to.equal(1);
    await pair.synchronous();
    await pair.part();
    /** A commit waits for the standby. */
    const waits = async () => {
      const text = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
      return (await pair.ask(pair.primaryUrl, text)).length > 0;
    };
    cutAtCommit();
    let answered = false;
    const recording = record().finally(() => {
      answered = true;
    });
    await until(waits);
    await pair.crash();
    expect(await sequences(pair.primaryUrl), "it recovers what nobody confirmed").to.deep.equal([1, 2]);
    wire.onPacket = () => "pass";
    await until(waits);
    expect(answered).to.equal(false);
    await pair.kill();
    await pair.promote();
    wire.to = pair.standbyUrl;
    expect(await recording).to.equal(2);
    expect(await sequences(pair.standbyUrl)).to.deep.equal([1, 2]);
  });

  it("leaves no connection to a primary that goes on without taking writes", async () => {
    node = await openNode(pair.url);
    const heard: (number | undefined)[] = [];
    const listening = listenForErasures(pair.url, (ledgerId) => void heard.push(ledgerId));
    await until(() => heard.length === 1);
    expect(await record()).to.equal(1);
    await pair.caughtUp();
    await pair.ask(pair.primaryUrl, "ALTER SYSTEM SET default_transaction_read_only = on");
    await pair.ask(pair.primaryUrl, "SELECT pg_reload_conf()");
    await until(async () => {
      const rows = await pair.ask<{ transaction_read_only: string }>(pair.primaryUrl, "SHOW transaction_read_only");
      return rows[0]!.transaction_read_only === "on";
    });
    await pair.promote();
    expect(await record()).to.equal(2);
    expect(await sequences(pair.standbyUrl)).to.deep.equal([1, 2]);
    expect(await sequences(pair.primaryUrl)).to.deep.equal([1]);
    await until(async () => {
      await pair.ask(pair.standbyUrl, "SELECT pg_notify('tallyroot_erased', '8')");
      return heard.includes(8);
    });
    await listening.close();
  });

  it("is heard of by who listens for erasures: all is forgotten, and what is erased there is heard", async () => {
    node = await openNode(pair.url);
    const heard: (number | undefined)[] = [];
    const listening = listenForErasures(pair.url, (ledgerId) => void heard.push(ledgerId));
    const tell = (url: string, id: number) => pair.ask(url, "SELECT pg_notify('tallyroot_erased', $1)", [String(id)]);
    await until(() => heard.length === 1);
    await tell(pair.primaryUrl, 7);
    await until(() => heard.includes(7));
    await pair.caughtUp();
    await pair.kill();
    await pair.promote();
    await until(async () => {
      await tell(pair.standbyUrl, 8);
      return heard.includes(8);
    });
    expect(heard.slice(heard.indexOf(7) + 1, heard.indexOf(8))).to.include(undefined);
    await listening.close();
  });
});
