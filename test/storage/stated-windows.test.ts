import { expect } from "chai";
import { checkpointLedger } from "#src/ledger/checkpoint.ts";
import { resolveScope } from "#src/ledger/scope.ts";
import { overSqlite } from "#test/run/sqlite-only.ts";
import { deltasOf, type OpenRecord, openRecord, openRecordFile, request, temporaryFolder } from "./record-folder.ts";

const FEBRUARY = { from: Date.UTC(2024, 1, 1), to: Date.UTC(2024, 2, 1) };
const HOUR_MS = 3_600_000;

function setBack(recording: string, open: typeof openRecord): void {
  describe(`a clock that is set back after a statement, recording ${recording}`, () => {
    const folder = temporaryFolder();
    const clock = { now: FEBRUARY.from + HOUR_MS };
    let record: OpenRecord;

    const recordOne = async (customerId: string) =>
      deltasOf(await record.store.record([request(record.tenant, customerId)], false))[0]!;
    const state = async (customerId: string, window: { from: number; to: number }) => {
      const { ledger } = (await recordOne(customerId))!;
      clock.now += HOUR_MS;
      await checkpointLedger(record.store, ledger, window, { now: clock.now });
      return ledger;
    };

    before(async () => {
      record = await open(folder.dir, clock);
    });
    beforeEach(() => {
      clock.now = FEBRUARY.to - HOUR_MS / 2;
    });
    after(async () => {
      await record.close();
      folder.remove();
    });

    it("records nothing in a window that has ended", async () => {
      await state("ended", FEBRUARY);
      clock.now = FEBRUARY.to - 1;
      expect((await recordOne("ended")).recordedAt).to.equal(FEBRUARY.to);
    });

    it("records nothing before the making of a statement about a window that was open", async () => {
      const window = { from: FEBRUARY.from, to: FEBRUARY.to + 100 * HOUR_MS };
      await state("open", window);
      const made = clock.now;
      clock.now = made - 1;
      expect((await recordOne("open")).recordedAt).to.equal(made);
    });

    it("leaves other ledgers where the clock is", async () => {
      await recordOne("other");
      await state("stated", FEBRUARY);
      clock.now = FEBRUARY.to - 1;
      expect((await recordOne("other")).recordedAt).to.equal(FEBRUARY.to - 1);
    });

    it("gives the same statement over an empty window once more, whatever came in between", async () => {
      const ledger = await state("empty", FEBRUARY);
      const window = { from: FEBRUARY.to, to: FEBRUARY.to + HOUR_MS };
      const first = await checkpointLedger(record.store, ledger, window, { now: FEBRUARY.to + 2 * HOUR_MS });
      clock.now = FEBRUARY.to - 1;
      await recordOne("empty");
      const second = await checkpointLedger(record.store, ledger, window, { now: FEBRUARY.to + 2 * HOUR_MS });
      expect(second.statementId).to.equal(first.statementId);
    });

    it("keeps to that after a restart", async () => {
      const ledger = await state("restarted", FEBRUARY);
      await record.close();
      clock.now = FEBRUARY.to - 1;
      record = await open(folder.dir, clock);
      await recordOne("restarted");
      const window = { kind: "custom", ...FEBRUARY } as const;
      const request = {
        startingBalance: undefined,
        startingPoint: undefined,
        window,
        at: undefined,
        granularity: undefined,
      };
      const { last } = await resolveScope(record.store, ledger, { ...request, finality: "recorded" }, clock.now);
      expect(last).to.equal(1);
    });
  });
}

setBack("where it is", openRecord);
overSqlite("stated-windows-in-thread", () =>
  setBack("in a thread of its own", (dir, clock) => openRecordFile(dir, clock, { thread: true })),
);
