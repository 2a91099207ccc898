import { expect } from "chai";
import { anchoringFigures } from "#src/jobs/anchoring-figures.ts";
import { anchorsLeft, type ChainHealth, healthChecks, UNKNOWN_HEALTH } from "#src/jobs/chain-health.ts";
import { haltFor, REMEDIES } from "#src/jobs/remedies.ts";

const NOW = 1_790_000_000_000;
const GWEI = 10n ** 9n;
const WELL: ChainHealth = {
  ...UNKNOWN_HEALTH,
  endpoints: [{ name: "one", state: "up", detail: "one answers" }],
  balance: GWEI * GWEI,
  fee: 10n * GWEI,
  gas: 50_000n,
};
const publisherOf = (change: Partial<ChainHealth>) => healthChecks({ ...WELL, ...change }, NOW).publisher;

describe("how publishing is", () => {
  it("counts the anchors that a balance pays for, whole ones, and none where nothing is known or paid", () => {
    expect(anchorsLeft(WELL)).to.equal(2000);
    expect(anchorsLeft({ ...WELL, balance: 2n * 50_000n * 10n * GWEI - 1n })).to.equal(1);
    expect(anchorsLeft({ ...WELL, fee: 0n })).to.equal(null);
    expect(anchorsLeft(UNKNOWN_HEALTH)).to.equal(null);
  });

  it("is as it should be with a thousand anchors ahead, and not with fewer", () => {
    const thousand = 1000n * 50_000n * 10n * GWEI;
    expect(publisherOf({ balance: thousand })).to.deep.equal({
      ok: true,
      detail: "it has 0.5 ether, which pays for 1000 anchors at 10 gwei per gas",
    });
    expect(publisherOf({ balance: thousand - 1n })).to.include({ ok: false });
  });

  it("warns of a transaction that has been on its way for half an hour", () => {
    expect(publisherOf({ sentAt: NOW - 1_800_000 }).ok).to.equal(true);
    const late = publisherOf({ sentAt: NOW - 1_800_001 });
    expect(late.ok).to.equal(false);
    expect(late.detail).to.contain(`on its way since ${new Date(NOW - 1_800_001).toISOString()}`);
  });

  it("warns of a fee above the ceiling, and not of one at it", () => {
    expect(publisherOf({ ceiling: 10n * GWEI }).ok).to.equal(true);
    expect(publisherOf({ ceiling: 10n * GWEI - 1n }).detail).to.contain("TALLYROOT_MAX_FEE_GWEI (9.999999999)");
  });

  it("is told in figures, and by the code of what it waits for", () => {
    const health: ChainHealth = { ...WELL, ceiling: 9n * GWEI, sentAt: NOW - 5_000, dispute: "they disagree" };
    const job = {
      state: () => ({ ok: false, halted: false, code: "FEE_ABOVE_CEILING" as const, detail: "" }),
      figures: () => ({ rpcErrors: 3, chainHead: 7, health }),
    };
    expect(anchoringFigures(job, NOW)).to.deep.equal({
      ...{ halted: false, reason: "FEE_ABOVE_CEILING", rpcErrors: 3, chainHead: 7 },
      ...{ balanceEther: 1, anchorsLeft: 2000, feeGwei: 10, ceilingGwei: 9, aboveCeiling: true },
      ...{ endpoints: { up: 1, down: 0, behind: 0, "other chain": 0 }, disputed: true, oldestSentSeconds: 5 },
    });
  });

  it("tells whoever hears of a halt its code and what to do, and nothing for a code of another version", () => {
    expect(haltFor("OTHER_ROOT")).to.deep.equal({ reason: "OTHER_ROOT", next: REMEDIES.OTHER_ROOT });
    expect(haltFor("SOMETHING_NEW")).to.equal(undefined);
    expect(haltFor("toString")).to.equal(undefined);
    expect(haltFor(undefined)).to.equal(undefined);
  });
});
