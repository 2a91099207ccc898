import { expect } from "chai";
import type { Fault } from "../../scripts/survive/drill.ts";
import { kills } from "../../scripts/survive/kills.ts";
import { runSmall } from "./run-small.ts";

/** A client whose post was not answered posts it again with the same idempotency key, as clients do. */

describe("a server that is killed again and again", () => {
  let whole: Fault;
  let moments: Fault[];

  before(async function () {
    this.timeout(900_000);
    const [first, ...rest] = await runSmall(kills);
    whole = first!;
    moments = rest;
  });

  it("was killed in every kind of moment, and recorded in between, or the drill would prove nothing", () => {
    expect(moments.map(({ name }) => name)).to.have.members([
      "… while 32 clients post",
      "… while it starts",
      "… while it makes a statement",
      "… while it erases a customer's content",
      "… while it delivers webhooks",
      "… while it records a batch",
      "… while it records a stream",
    ]);
    for (const { name, tries } of moments) expect(tries, name).to.be.greaterThan(0);
    expect(whole.tries).to.equal(moments.reduce((sum, { tries }) => sum + tries, 0));
    expect(whole.figures.acknowledged).to.be.greaterThan(whole.tries);
    expect(whole.figures.statements).to.be.greaterThan(0);
  });

  it("never takes back an answer, records nothing twice, and nothing that was not sent", () => {
    expect(whole.figures).to.include({ lost: 0, doubled: 0, recorded: whole.figures.acknowledged });
  });

  it("leaves a record that the audit finds clean, as it lies there and at the end with the chain", () => {
    expect(whole.figures.audits).to.be.greaterThan(1);
    expect(whole.figures["audits failed"]).to.equal(0);
  });

  it("leaves ledgers without holes whose balances are the sums of what was sent, brings them to VERIFIED under the same contract and transactions, keeps each statement, tells it to webhooks, and keeps erased what was erased", () => {
    expect(whole.failures).to.deep.equal([]);
  });
});
