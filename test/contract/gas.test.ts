import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { type Address, encodeFunctionData, type Hex, keccak256, stringToHex } from "viem";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { type Deployment, deployment } from "./deployment.ts";
import {
  anchorOf,
  anchorProof,
  checkpointEvidence,
  checkpointOf,
  deltaEvidence,
  headOf,
  history,
  ledgerProof,
} from "./evidence.ts";

const snapshot = new URL("./gas-snapshot.json", import.meta.url);
const refresh = "if the change is meant, run the tests once with UPDATE_SNAPSHOT=1 and look at the difference";
const alice: Address = `0x${"a1".repeat(20)}`;
const hashed = (text: string): Hex => keccak256(stringToHex(text));

/** Gas of whole transactions, base cost and call data included, in a fixed order and with fixed content. */
async function measure(d: Deployment): Promise<Record<string, number>> {
  const gas: Record<string, number> = {};
  const by = { account: d.publisher };
  const spend = async (name: string, hash: Promise<Hex>) => {
    gas[name] = Number((await d.mined(hash)).gasUsed);
  };
  const { write, read } = d.contract;

  await spend("openLog", write.openLog([hashed("salt")], by));
  const log = await read.logId([d.publisher, hashed("salt")]);
  await spend("append, the first, of 1 leaf", write.append([log, 1n, hashed("root 1"), 1n], by));
  await spend("append of 1 leaf", write.append([log, 2n, hashed("root 2"), 1n], by));
  await spend("append of 10,000 leaves", write.append([log, 3n, hashed("root 3"), 10_000n], by));

  const shown = headOf(history(alice, Array(40).fill(-1n)));
  const hidden = headOf(history(alice, Array(40).fill(-2n)));
  const wrong = checkpointOf(shown.deltas, 0n, 9999n, { openingBalance: 1n });
  const anchor = anchorOf(4n, [shown, hidden, wrong]);
  await spend("append of 3 leaves", write.append([log, anchor.index, anchor.root, anchor.size], by));

  const [one, other] = [shown.deltas[16]!, hidden.deltas[16]!];
  const proofs = { ledger: ledgerProof(shown, one), anchor: anchorProof(anchor, shown) };
  const question = [log, anchor.index, one, proofs.ledger, shown.head, proofs.anchor] as const;
  const data = encodeFunctionData({ abi: anchorLogAbi, functionName: "verifyDelta", args: question });
  const estimated = await d.client.estimateGas({ ...by, to: d.address, data });
  gas["verifyDelta, 40 deltas and 3 leaves, if it were sent"] = Number(estimated);

  const fork = [log, deltaEvidence(anchor, shown, one), deltaEvidence(anchor, hidden, other)] as const;
  await spend("proveFork, which marks", write.proveFork(fork, by));
  const bare = [log, checkpointEvidence(anchor, wrong)] as const;
  await spend("proveBareCheckpointImbalance, marked already", write.proveBareCheckpointImbalance(bare, by));
  await spend("append to a marked log", write.append([log, 5n, hashed("root 5"), 1n], by));
  await spend("offerPublisher", write.offerPublisher([log, d.successor], by));
  await spend("acceptPublisher", write.acceptPublisher([log], { account: d.successor }));
  return gas;
}

describe("gas", () => {
  let measured: Record<string, number>;
  before(async () => {
    const d = await deployment();
    measured = await measure(d);
    await d.close();
  });

  it("of an append is at most 55,000, whatever was anchored", () => {
    const appends = Object.entries(measured).filter(([name]) => name.startsWith("append"));
    expect(appends).to.have.length(5);
    for (const [name, gas] of appends) expect(gas, name).to.be.at.most(55_000);
  });

  it("is exactly what test/contract/gas-snapshot.json says", () => {
    if (process.env.UPDATE_SNAPSHOT === "1") writeFileSync(snapshot, `${JSON.stringify(measured, null, 2)}\n`);
    expect(measured, refresh).to.deep.equal(JSON.parse(readFileSync(snapshot, "utf8")));
  });
});
