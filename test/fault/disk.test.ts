import { expect } from "chai";
import { disk } from "../../scripts/survive/disk.ts";
import type { Fault } from "../../scripts/survive/drill.ts";
import { runSmall } from "./run-small.ts";

describe("what disks, backups and clocks do to a data directory", () => {
  let faults: Fault[];
  const named = (part: RegExp) => {
    const found = faults.filter(({ name }) => part.test(name));
    expect(found, String(part)).not.to.deep.equal([]);
    for (const { name, tries } of found) expect(tries, name).to.be.greaterThan(0);
    return found;
  };
  const failures = (part: RegExp) => named(part).flatMap((fault) => fault.failures);

  before(async function () {
    this.timeout(900_000);
    faults = await runSmall(disk);
  });

  it("a disk that fills up is answered 503, loses nothing that was acknowledged, and heals when it is freed, anchoring too", () => {
    const [filled] = named(/^The disk fills up|RLIMIT_FSIZE/);
    expect(filled!.figures["answers 503"]).to.be.greaterThan(0);
    expect(filled!.figures.acknowledged).to.be.greaterThan(0);
    expect(filled!.failures).to.deep.equal([]);
  });

  it("a second server over the same directory is refused, and of two over copies one halts by name", () => {
    expect(failures(/second server|copies of one database/)).to.deep.equal([]);
  });

  it("a database that is older than what is anchored is refused before it gives out a sequence twice", () => {
    expect(failures(/older than what is anchored/)).to.deep.equal([]);
  });

  it("a damaged WAL or journal is refused by name, or costs at most deltas that no anchor has", () => {
    const damaged = named(/after a kill/);
    expect(damaged).to.have.lengthOf(6);
    expect(damaged.flatMap((fault) => fault.failures)).to.deep.equal([]);
    for (const { name, tries, figures } of damaged) {
      const { "such deltas": _, ...outcomes } = figures;
      expect(
        Object.values(outcomes).reduce((sum, n) => sum + n, 0),
        name,
      ).to.equal(tries);
    }
  });

  it("a clock that jumps takes no time of a delta with it, and no statement loses or gains a delta", () => {
    const [jumped] = named(/clock jumps/);
    expect(jumped!.figures.statements).to.be.greaterThan(0);
    expect(jumped!.failures).to.deep.equal([]);
  });
});
