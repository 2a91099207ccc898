import { expect } from "chai";
import type { Fault } from "../../scripts/survive/drill.ts";
import { syscalls } from "../../scripts/survive/syscalls.ts";
import { runSmall } from "./run-small.ts";

describe("calls to the disk that fail, or that are a server's last", () => {
  let faults: Fault[];

  before(async function () {
    this.timeout(900_000);
    faults = await runSmall(syscalls);
  });

  it("came about of every kind, or the drill would prove nothing", () => {
    expect(faults.map(({ name }) => name)).to.deep.equal([
      "A call to the disk fails (EIO)",
      "A call to the disk finds no room (ENOSPC)",
      "SIGKILL at a call to the disk",
    ]);
    for (const { name, tries } of faults) expect(tries, name).to.be.greaterThan(0);
  });

  it("end the server at most in a start, and never keep it from going on by itself", () => {
    for (const { name, tries, figures } of faults.slice(0, 2)) {
      expect(figures["anchoring waited for a restart"], name).to.equal(0);
      expect(figures["went on"]! + figures.ended!, name).to.equal(tries);
    }
  });

  it("take nothing back that was acknowledged, and leave a record that is clean, starts again and goes on", () => {
    expect(faults.flatMap(({ failures }) => failures)).to.deep.equal([]);
  });
});
