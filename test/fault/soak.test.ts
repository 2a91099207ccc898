import { expect } from "chai";
import type { Fault } from "../../scripts/survive/drill.ts";
import { judge, type Limits, type Taken } from "../../scripts/survive/soak/judge.ts";
import type { Sample } from "../../scripts/survive/soak/sample.ts";
import { soak } from "../../scripts/survive/soak/soak.ts";
import { runSmall } from "./run-small.ts";

describe("a server under steady load of every kind", () => {
  let fault: Fault;

  before(async function () {
    this.timeout(900_000);
    [fault] = (await runSmall(soak)) as [Fault];
  });

  it("was asked for everything, or the drill would prove nothing", () => {
    const deeds = [
      "single",
      "batch",
      "stream",
      "derive",
      "receipt",
      "compare",
      "checkpoint",
      "erasure",
      "told",
      "recorder",
    ];
    for (const deed of deeds) expect(fault.figures[`of ${deed}`], deed).to.be.greaterThan(0);
    expect(fault.figures.seconds).to.be.at.least(18);
    expect(fault.figures.anchors).to.be.greaterThan(2);
    expect(fault.figures["recorded by the recorder"]).to.equal(fault.figures["of recorder"]);
  });

  it("loses nothing, doubles nothing, and tells the webhook of every delta", () => {
    expect(fault.figures).to.include({ lost: 0, doubled: 0, "audit findings": 0 });
    expect(fault.figures.acknowledged).to.be.greaterThan(fault.figures["of single"]! - 1);
    expect(fault.figures["told by webhook"]).to.equal(fault.figures["of told"]);
  });

  it("refuses nothing, falls behind with nothing, and levels off", () => {
    expect(fault.failures).to.deep.equal([]);
  });
});

describe("judging a long run", () => {
  const LIMITS: Limits = { resident: 1.2, handles: 1.2, moreHandles: 16, walMb: 72, moreLag: 2, latency: 2 };
  const STILL = { residentMb: 400, threads: 18, handles: 90, databaseMb: 1, walMb: 40, lag: 1, backlog: 10 };

  /** A run of a hundred seconds in which some figures change with the time. */
  function run(change: (at: number) => Partial<Sample> = () => ({})): Sample[] {
    return Array.from({ length: 100 }, (_, i) => ({ ...STILL, deliveriesPending: 0, at: i + 1, ...change(i + 1) }));
  }
  const steady: Taken[] = Array.from({ length: 100 }, (_, i) => ({ at: i + 0.5, ms: 5 }));
  const failures = (samples: Sample[], taken = steady) => judge(samples, taken, LIMITS).failures;

  it("finds nothing in one that stands still, nor in memory that fills at the beginning and then stays", () => {
    expect(failures(run())).to.deep.equal([]);
    expect(failures(run((at) => ({ residentMb: at < 10 ? 100 : 400 })))).to.deep.equal([]);
  });

  it("names what grows: memory, handles, threads, lag", () => {
    expect(failures(run((at) => ({ residentMb: 400 + at })))).to.deep.equal([]);
    for (const [name, change] of [
      ["residentMb", (at: number) => ({ residentMb: 400 + 2 * at })],
      ["handles", (at: number) => ({ handles: 90 + at })],
      ["threads", (at: number) => ({ threads: at < 50 ? 18 : 19 })],
      ["lag", (at: number) => ({ lag: at / 10 })],
    ] as const) {
      const found = failures(run(change));
      expect(found, name).to.have.lengthOf(1);
      expect(found[0]).to.match(new RegExp(`^${name} grew from`));
    }
  });

  it("names a WAL beyond its bound, even for a moment, and requests that become slow", () => {
    expect(failures(run((at) => ({ walMb: at === 50 ? 80 : 40 })))).to.deep.equal([
      "the WAL had 80 MB, where 72 are its bound",
    ]);
    const slower = steady.map(({ at, ms }) => ({ at, ms: ms + at / 10 }));
    expect(failures(run(), slower)).to.deep.equal([
      "the median latency of the last tenth is 2.62 times that of the first",
    ]);
  });
});
