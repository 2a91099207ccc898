import { expect } from "chai";
import { collect } from "#src/ledger/collect.ts";
import type { Contents } from "#src/ledger/contents.ts";
import type { AnchorStore } from "#src/ledger/ports/anchoring.ts";
import type { LedgerStore, Tenant } from "#src/ledger/ports/ledgers.ts";
import type { ProgressStore } from "#src/ledger/ports/progress.ts";

export type OpenProgress = {
  store: ProgressStore & LedgerStore;
  anchors: AnchorStore;
  contents: Contents;
  tenant: Tenant;
  /** Unix milliseconds, as the store sees them; tests move it. */
  clock: { now: number };
  close(): Promise<void>;
};

const HASH = new Uint8Array(32).fill(5);

/** What every implementation of ProgressStore must do. */
export function progressStoreSuite(name: string, open: () => Promise<OpenProgress>): void {
  describe(`ProgressStore: ${name}`, () => {
    let opened: OpenProgress;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    const progress = () => opened.store.progress();
    const record = async (customerId: string) => {
      opened.clock.now += 1_000;
      await opened.store.record([{ tenant: opened.tenant, customerId, amount: 1n, reason: "r" }], true);
      return opened.clock.now;
    };
    /** Makes an anchor of what there is. */
    const prepare = async () => {
      const { anchors, contents, clock } = opened;
      const { signal } = new AbortController();
      return (await collect({ store: anchors, contents, clock: () => clock.now, signal }))!.index;
    };
    const confirm = (index: number, confirmedAt: number) =>
      opened.anchors.markConfirmed(index, {
        transactionHash: HASH,
        blockNumber: index,
        blockHash: HASH,
        blockTime: 1,
        confirmedAt,
        gasUsed: 50_000,
      });

    it("an empty record has nothing to anchor", async () => {
      expect(await progress()).to.deep.equal({
        recorded: 0,
        anchored: 0,
        oldestPendingAt: null,
        latestIndex: 0,
        confirmedIndex: 0,
        confirmedAt: null,
      });
    });

    it("what is recorded waits from its first delta on, whoever's it is", async () => {
      const first = await record("a");
      await record("b");
      expect(await progress()).to.include({ recorded: 2, anchored: 0, oldestPendingAt: first });
    });

    it("an anchor that is on its way has taken in nothing yet", async () => {
      const first = await record("a");
      await prepare();
      expect(await progress()).to.include({ anchored: 0, oldestPendingAt: first, latestIndex: 1, confirmedIndex: 0 });
    });

    it("a confirmed anchor leaves what came after it", async () => {
      await record("a");
      await prepare();
      const second = await record("a");
      await record("b");
      await confirm(1, 77);
      expect(await progress()).to.deep.equal({
        recorded: 3,
        anchored: 1,
        oldestPendingAt: second,
        latestIndex: 1,
        confirmedIndex: 1,
        confirmedAt: 77,
      });
    });

    it("with all of it anchored nothing waits", async () => {
      await record("a");
      await prepare();
      await confirm(1, 77);
      expect(await progress()).to.include({ recorded: 1, anchored: 1, oldestPendingAt: null });
    });

    it("what came while an anchor was made waits until the next one is confirmed", async () => {
      await record("a");
      await prepare();
      const second = await record("b");
      await record("a");
      await confirm(1, 77);
      await prepare();
      expect(await progress()).to.include({ recorded: 3, anchored: 1, oldestPendingAt: second, latestIndex: 2 });
      await confirm(2, 78);
      expect(await progress()).to.include({ recorded: 3, anchored: 3, oldestPendingAt: null, confirmedIndex: 2 });
    });

    it("an anchor that a reorganisation took back counts no more", async () => {
      const first = await record("a");
      await prepare();
      await confirm(1, 77);
      await opened.anchors.markUnconfirmed(1);
      expect(await progress()).to.include({
        anchored: 0,
        oldestPendingAt: first,
        confirmedIndex: 0,
        confirmedAt: null,
      });
    });
  });
}
