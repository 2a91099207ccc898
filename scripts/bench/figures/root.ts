import { grouped, sized } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import type { Maker, RootsReport, RootsTask } from "../programs/merkle-roots.ts";
import { runProgram } from "../programs.ts";

/** The root over many leaves, beside the libraries that make the same. */
export const root: Figure = {
  name: "root",
  what: "the root over many leaves",
  rows: {
    whole: { what: "a million leaves", unit: "s", most: 2.5 },
    standardWhole: { what: "peer: StandardMerkleTree.of a million, once", unit: "s" },
    wholeTimes: { what: "times as fast as that", unit: "×", least: 50 },
    ours: { what: "the leaves that the others are given", unit: "s" },
    hashing: { what: "and hashed from their values first", unit: "s" },
    standard: { what: "peer: StandardMerkleTree.of, which hashes too", unit: "s" },
    simple: { what: "peer: SimpleMerkleTree.of", unit: "s" },
    merkletreejs: { what: "peer: merkletreejs", unit: "s" },
    standardTimes: { what: "times as fast as StandardMerkleTree", unit: "×", least: 50, better: "higher" },
    hashingTimes: { what: "the same, with the leaves hashed", unit: "×", better: "higher" },
    simpleTimes: { what: "times as fast as SimpleMerkleTree", unit: "×", better: "higher" },
    merkletreejsTimes: { what: "times as fast as merkletreejs", unit: "×", better: "higher" },
  },
  async run({ quick, rounds, signal, say }) {
    const some = sized({ quick }, 100_000, 10_000);
    const roots = (leaves: number, times: number, of: readonly Maker[]) =>
      runProgram<RootsReport>("merkle-roots", { leaves, rounds: times, of } satisfies RootsTask, signal);
    const { seconds, proofs } = await roots(some, rounds, ["ours", "hashing", "standard", "simple", "merkletreejs"]);
    const { ours = [], hashing = [], standard = [], simple = [], merkletreejs = [] } = seconds;
    const samples = {
      ...seconds,
      standardTimes: ratios(standard, ours),
      hashingTimes: ratios(standard, hashing),
      simpleTimes: ratios(simple, ours),
      merkletreejsTimes: ratios(merkletreejs, ours),
    };
    const data = `${grouped(some)} leaves; ${proofs} proofs of each accepted by the others`;
    if (quick) return { samples, data };
    say("root: a million leaves by OpenZeppelin's library take minutes");
    const million = await roots(1_000_000, rounds, ["ours"]);
    const peer = await roots(1_000_000, 1, ["ours", "standard"]);
    const [whole = [], standardWhole = []] = [million.seconds.ours, peer.seconds.standard];
    return {
      samples: { ...samples, whole, standardWhole, wholeTimes: ratios(standardWhole, peer.seconds.ours ?? []) },
      data: `1,000,000 leaves, and ${data}`,
    };
  },
};
