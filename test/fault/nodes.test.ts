import { expect } from "chai";
import type { Fault } from "../../scripts/survive/drill.ts";
import { nodes } from "../../scripts/survive/nodes/nodes.ts";
import { runSmall } from "./run-small.ts";

/** A client whose node is gone, or does not answer, goes to another with the same idempotency key, as clients do. */

describe("four servers over one PostgreSQL", () => {
  let whole: Fault;
  let faults: Fault[];

  before(async function () {
    this.timeout(900_000);
    const [first, ...rest] = await runSmall(nodes);
    whole = first!;
    faults = rest;
  });

  const paused = () => faults.filter(({ figures }) => "anchored by others meanwhile" in figures);

  it("met every fault, and recorded and anchored in between, or the drill would prove nothing", () => {
    expect(faults.map(({ name }) => name)).to.deep.equal([
      "SIGKILL of a node that records",
      "SIGKILL of the node that anchors",
      "SIGKILL of a node that starts",
      "a restart of the database",
      "the node that anchors stands still (SIGSTOP) for longer than its lease, and goes on",
      "… between storing a transaction and sending it, which then arrives late",
    ]);
    const tries = (name: string) => faults.find((fault) => fault.name === name)!.tries;
    expect(tries("SIGKILL of the node that anchors")).to.be.greaterThan(0);
    expect(tries("SIGKILL of a node that records") + tries("SIGKILL of the node that anchors")).to.be.greaterThan(1);
    expect(tries("a restart of the database")).to.equal(1);
    for (const { name, tries: times } of paused()) expect(times, name).to.be.greaterThan(0);
    for (const name of ["acknowledged", "batches", "anchored", "webhook events"])
      expect(whole.figures[name], name).to.be.greaterThan(0);
  });

  it("never take back an answer, and record nothing twice and nothing that was not sent, whichever node was asked how often", () => {
    expect(whole.figures).to.include({ lost: 0, doubled: 0, recorded: whole.figures.acknowledged });
  });

  it("anchor each index once, each delta in one of them, and nothing by a node that had lost the lead while it stood still", () => {
    for (const { name, figures, failures } of paused()) {
      expect(failures, name).to.deep.equal([]);
      expect(figures["anchored by others meanwhile"], name).to.be.greaterThan(0);
    }
    const sending = paused().at(-1)!;
    expect(sending.figures["transactions taken over"], "the late transaction was already there").to.equal(
      sending.tries,
    );
  });

  it("tell webhooks of everything, and go on until all is VERIFIED under the chain and the audit finds nothing", () => {
    expect([whole, ...faults].flatMap(({ failures }) => failures)).to.deep.equal([]);
  });
});
