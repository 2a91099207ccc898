import { expect } from "chai";
import { chain } from "../../scripts/survive/chain/chain.ts";
import { ENDPOINT_FAULTS } from "../../scripts/survive/chain/endpoint-faults.ts";
import { EVENTS } from "../../scripts/survive/chain/events.ts";
import { OTHER_CODE, TAKEOVERS } from "../../scripts/survive/chain/takeovers.ts";
import type { Fault } from "../../scripts/survive/drill.ts";
import { runSmall } from "./run-small.ts";

/** Clients record all the time, and the server is killed in the middle of some of it. */

describe("a server whose chain is in trouble", () => {
  let faults: Fault[];

  before(async function () {
    this.timeout(1_500_000);
    faults = await runSmall(chain);
  });

  const named = (list: readonly { name: string }[]) => {
    const names = new Set(list.map(({ name }) => name));
    return faults.filter(({ name }) => names.has(name));
  };
  const failuresOf = (list: readonly Fault[]) =>
    list.flatMap(({ name, failures }) => failures.map((text) => `${name}: ${text}`));

  it("met every fault that is listed, or the drill would prove nothing", () => {
    for (const list of [ENDPOINT_FAULTS, EVENTS, TAKEOVERS, [OTHER_CODE]]) {
      expect(named(list).map(({ name }) => name)).to.deep.equal(list.map(({ name }) => name));
      for (const { name, tries } of named(list)) expect(tries, name).to.be.greaterThan(0);
    }
    expect(named(EVENTS).reduce((kills, { figures }) => kills + figures["killed in it"]!, 0)).to.be.greaterThan(1);
  });

  it("goes on recording whatever the endpoint does, and anchors everything once that is over", () => {
    for (const { name, figures } of named(ENDPOINT_FAULTS)) expect(figures.recorded, name).to.be.greaterThan(0);
    expect(failuresOf(named(ENDPOINT_FAULTS))).to.deep.equal([]);
  });

  it("brings every anchor to its end through reorganisations, fees, lost and foreign transactions and an empty account", () => {
    for (const { name, figures } of named(EVENTS)) expect(figures.recorded, name).to.be.greaterThan(0);
    expect(failuresOf(named(EVENTS))).to.deep.equal([]);
    const lost = faults.find(({ name }) => name === "a reorganisation after anchors were final");
    expect(lost?.figures["anchors lost"]).to.be.greaterThan(0);
    const spike = faults.find(({ name }) => name === "the base fee rises above what a transaction offers");
    expect(spike?.figures.replacements).to.be.greaterThan(0);
  });

  it("halts by name where the log is no longer its own, and records on", () => {
    for (const { name, figures } of named([...TAKEOVERS, OTHER_CODE]))
      expect(figures["recorded while halted"], name).to.be.greaterThan(0);
    expect(failuresOf(named([...TAKEOVERS, OTHER_CODE]))).to.deep.equal([]);
  });

  it("opens its log again with a start after a reorganisation took it, and anchors everything once more", () => {
    const opening = faults.find(({ name }) => name === "a reorganisation takes the opening of the log");
    expect(opening?.figures["anchors lost"]).to.be.greaterThan(1);
    expect(opening?.figures.anchored).to.be.at.least(opening!.figures["anchors lost"]!);
    expect(opening?.failures).to.deep.equal([]);
  });

  it("leaves each delta in the range of one anchor, each index on chain once, and nothing that the audit finds", () => {
    const agreeing = faults.filter(({ name }) => name.endsWith("record, chain and audit agree"));
    expect(agreeing).to.have.length(2);
    for (const { figures } of agreeing) expect(figures.anchored).to.be.greaterThan(3);
    expect(failuresOf(agreeing)).to.deep.equal([]);
  });
});
