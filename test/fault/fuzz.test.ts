import { expect } from "chai";
import type { Fault } from "../../scripts/survive/drill.ts";
import { fuzz } from "../../scripts/survive/fuzz/fuzz.ts";
import { runSmall } from "./run-small.ts";

/** Milliseconds that the drill may take, on a machine that is busy as well. */
const PATIENCE_MS = 900_000;

describe("bad input", function () {
  this.timeout(PATIENCE_MS);
  let faults: Fault[];
  const fault = (name: string) => faults.find((one) => one.name === name)!;

  before(async () => {
    faults = await runSmall(fuzz);
  });

  it("every answer to anything is one of the product's own, tells nothing of the inside, and blames the caller", () => {
    const { tries, figures, failures } = fault("requests with anything wrong");
    expect(failures).to.deep.equal([]);
    expect(tries).to.be.at.least(5_000);
    // Half of them were to be right: a generator of nothing but nonsense would find the door and nothing behind it.
    expect(figures["2xx"]).to.be.above(tries / 5);
    expect(figures["4xx"]).to.be.above(tries / 5);
    expect(figures["routes reached"]).to.be.above(Number(figures.of) * 0.8);
  });

  it("bytes that are no request, and requests that are meant to be read in two ways, are refused in words", () => {
    const { tries, failures } = fault("bytes that are no request, or a dangerous one");
    expect(failures).to.deep.equal([]);
    expect(tries).to.be.above(60);
  });

  it("a head that comes a byte a second is refused after its time", () => {
    const { figures, failures } = fault("heads of a byte a second");
    expect(failures).to.deep.equal([]);
    expect(figures.refused).to.equal(20);
  });

  it("a client that ends its half, or is gone, leaves no connection behind", () => {
    const { figures, tries, failures } = fault("half-open connections");
    expect(failures).to.deep.equal([]);
    expect(figures.ended).to.equal(tries);
  });

  it("of a client that never reads, no more is taken than fits the buffers between", () => {
    const { tries, failures } = fault("clients that never read");
    expect(failures).to.deep.equal([]);
    expect(tries).to.equal(3);
  });

  it("bodies of a byte a second and a thousand idle connections keep nobody waiting who asks for what is right", () => {
    expect(fault("bodies of a byte a second").failures).to.deep.equal([]);
    expect(fault("idle connections").failures).to.deep.equal([]);
    const { tries, failures } = fault("a client who asks for what is right, beside them");
    expect(failures).to.deep.equal([]);
    expect(tries).to.be.above(50);
  });

  it("the memory that it took is given back", () => {
    expect(fault("memory after all that").failures).to.deep.equal([]);
  });

  it("whatever was acknowledged meanwhile is on record once, and the audit is clean", () => {
    const { figures, failures } = fault("the record after all that");
    expect(failures).to.deep.equal([]);
    expect(figures).to.include({ lost: 0, doubled: 0 });
    expect(figures.acknowledged).to.be.above(50);
    expect(figures["looked up"]).to.be.above(0);
  });
});
