import { expect } from "chai";
import type { Fault } from "../../scripts/survive/drill.ts";
import { overload } from "../../scripts/survive/overload/overload.ts";
import { runSmall } from "./run-small.ts";

/** Milliseconds that the drill may take, on a machine that is busy as well. */
const PATIENCE_MS = 900_000;

describe("overload", function () {
  this.timeout(PATIENCE_MS);
  let faults: Fault[];
  const fault = (name: string) => faults.find((one) => one.name === name)!;

  before(async () => {
    faults = await runSmall(overload);
  });

  it("three times the load is refused in part, at once and with a time to come back, and nothing acknowledged is lost", () => {
    const { figures, failures } = fault("three times the load, single deltas");
    expect(failures).to.deep.equal([]);
    expect(figures.refused).to.be.above(0);
    expect(figures.acknowledged).to.be.above(0);
  });

  it("three times the load of batches is slowed down, and nothing acknowledged is lost", () => {
    const { figures, failures } = fault("three times the load, batches");
    expect(failures).to.deep.equal([]);
    expect(figures.acknowledged).to.be.above(0);
  });

  it("streams that send without end are slowed down: no line is refused, and the server does not grow", () => {
    const { tries, figures, failures } = fault("endless streams");
    expect(failures).to.deep.equal([]);
    expect(tries).to.equal(64);
    expect(figures.recorded).to.be.above(0);
  });

  it("receivers of webhooks that never answer do not keep recording waiting", () => {
    const { figures, failures } = fault("slow receivers of webhooks");
    expect(failures).to.deep.equal([]);
    expect(figures["deliveries begun"]).to.be.above(0);
  });

  it("nor do a thousand idle connections", () => {
    const { figures, failures } = fault("idle connections beside recording");
    expect(failures).to.deep.equal([]);
    expect(figures.open).to.equal(1_000);
  });

  it("the record is whole afterwards", () => {
    expect(fault("the record after overload").failures).to.deep.equal([]);
  });
});
