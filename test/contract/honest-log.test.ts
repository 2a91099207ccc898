import { expect } from "chai";
import type { Address } from "viem";
import { deployment, openLog, publish, refusal } from "./deployment.ts";
import {
  type Anchor,
  checkpointEvidence,
  checkpointOf,
  deltaEvidence,
  headEvidence,
  headOf,
  history,
  type Statement,
} from "./evidence.ts";

const alice: Address = `0x${"a1".repeat(20)}`;
const bob: Address = `0x${"b0".repeat(20)}`;

/** Refusals that say "this is no evidence"; anything else would be a mistake of this test. */
const harmless = [
  "SameDelta",
  "DifferentSequences",
  "DifferentLedgers",
  "NotNeighbours",
  "NotAtEdge",
  "NoContradiction",
];

describe("an honest log", () => {
  it("is marked by no combination of everything that is under it", async () => {
    const d = await deployment();
    const log = await openLog(d);
    const alices = history(alice, [500n, -42n, -500n, 2n ** 100n]);
    const bobs = history(bob, [-7n, 7n]);
    const rounds: Statement[][] = [
      [headOf(alices.slice(0, 2)), headOf(bobs.slice(0, 1)), checkpointOf(alices.slice(0, 2), 1000n, 9000n)],
      [headOf(alices), checkpointOf(alices, 0n, 1000n), checkpointOf(alices, 2000n, 4000n)],
      [headOf(bobs), checkpointOf(bobs, 5000n, 6000n), checkpointOf(bobs, 0n, 9000n)],
    ];
    const anchors: Anchor[] = [];
    for (const statements of rounds) anchors.push(await publish(d, log, statements));

    const under = anchors.flatMap((anchor) => anchor.statements.map((statement) => ({ anchor, statement })));
    const deltas = under.flatMap(({ anchor, statement }) =>
      statement.deltas.map((delta) => deltaEvidence(anchor, statement, delta)),
    );
    const heads = under.flatMap(({ anchor, statement }) =>
      statement.kind === "head" ? [headEvidence(anchor, statement)] : [],
    );
    const checkpoints = under.flatMap(({ anchor, statement }) =>
      statement.kind === "checkpoint" ? [checkpointEvidence(anchor, statement)] : [],
    );
    expect([deltas.length, heads.length, checkpoints.length]).to.deep.equal([15, 4, 5]);

    const { simulate } = d.contract;
    const by = { account: d.stranger };
    const attempts: Promise<unknown>[] = [
      ...checkpoints.map((c) => simulate.proveBareCheckpointImbalance([log, c], by)),
      ...deltas.map((a) => simulate.proveFirstImbalance([log, a], by)),
      ...deltas.flatMap((a) => heads.map((h) => simulate.proveHeadImbalance([log, h, a], by))),
      ...deltas.flatMap((a) => checkpoints.map((c) => simulate.proveCheckpointImbalance([log, c, a], by))),
      ...deltas.flatMap((a) => deltas.map((b) => simulate.proveFork([log, a, b], by))),
      ...deltas.flatMap((a) => deltas.map((b) => simulate.proveImbalance([log, a, b], by))),
    ];
    const refusals = await Promise.all(attempts.map(refusal));
    expect(refusals).to.have.length(5 + 15 + 15 * 4 + 15 * 5 + 2 * 15 * 15);
    expect(refusals.filter((name) => !harmless.includes(name))).to.deep.equal([]);
    await d.close();
  });
});
