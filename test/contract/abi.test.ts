import { expect } from "chai";
import type { Abi, AbiParameter } from "viem";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { artifactOf } from "./deployment.ts";

type Parameter = AbiParameter & { components?: readonly Parameter[]; indexed?: boolean };

const parameters = (list: readonly Parameter[] = []): unknown =>
  list.map(({ name, type, components, indexed }) => ({
    name: name ?? "",
    type,
    indexed: indexed ?? false,
    components: parameters(components),
  }));

/** One line per entry, in an order and a spelling that both sources share. */
const lines = (abi: Abi): string[] =>
  abi
    .map((entry) =>
      JSON.stringify({
        type: entry.type,
        name: "name" in entry ? entry.name : "",
        inputs: "inputs" in entry ? parameters(entry.inputs as readonly Parameter[]) : [],
        outputs: "outputs" in entry ? parameters(entry.outputs as readonly Parameter[]) : [],
        mutability: "stateMutability" in entry ? entry.stateMutability : "",
      }),
    )
    .sort();

describe("the ABI", () => {
  it("is in the source exactly what the compiler makes of the contract", async () => {
    const { abi } = await artifactOf("AnchorLog");
    expect(lines(anchorLogAbi)).to.deep.equal(lines(abi));
  });

  it("has nothing that takes ether", async () => {
    const { abi } = await artifactOf("AnchorLog");
    const payable = abi.filter((entry) => "stateMutability" in entry && entry.stateMutability === "payable");
    expect(payable).to.deep.equal([]);
    expect(abi.filter((entry) => entry.type === "receive" || entry.type === "fallback")).to.deep.equal([]);
  });
});
