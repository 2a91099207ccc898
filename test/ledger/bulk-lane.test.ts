import { expect } from "chai";
import { openBulkLane } from "#src/ledger/bulk-lane.ts";

describe("the lane of batches and streams", () => {
  /** Units in a lane, each of which is done when it is told so; the names of those that were let in. */
  function openUnits(most: number) {
    const lane = openBulkLane(most);
    const [letIn, ends]: [string[], Map<string, PromiseWithResolvers<void>>] = [[], new Map()];
    const begin = (name: string, size: number) => {
      const end = Promise.withResolvers<void>();
      ends.set(name, end);
      return lane.through(size, () => {
        letIn.push(name);
        return end.promise;
      });
    };
    return { letIn, ends, begin };
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it("lets in as many deltas as have room, the others in their order", async () => {
    const { letIn, ends, begin } = openUnits(400);
    const all = ["a", "b", "c", "d"].map((name) => begin(name, 200));
    await turn();
    expect(letIn).to.deep.equal(["a", "b"]);
    ends.get("b")!.resolve();
    await turn();
    expect(letIn).to.deep.equal(["a", "b", "c"]);
    for (const { resolve } of ends.values()) resolve();
    await Promise.all(all);
    expect(letIn).to.deep.equal(["a", "b", "c", "d"]);
  });

  it("lets a unit that is larger than the lane in by itself, and nobody past it", async () => {
    const { letIn, ends, begin } = openUnits(400);
    const all = [begin("a", 200), begin("large", 10_000), begin("b", 200)];
    await turn();
    expect(letIn).to.deep.equal(["a"]);
    ends.get("a")!.resolve();
    await turn();
    expect(letIn).to.deep.equal(["a", "large"]);
    for (const { resolve } of ends.values()) resolve();
    await Promise.all(all);
  });

  it("gives the room of a unit that failed to the next", async () => {
    const { letIn, ends, begin } = openUnits(200);
    const failing = begin("a", 200);
    const next = begin("b", 200);
    ends.get("a")!.reject(new Error("the disk is full"));
    const [outcome] = await Promise.allSettled([failing]);
    expect(outcome?.status).to.equal("rejected");
    await turn();
    expect(letIn).to.deep.equal(["a", "b"]);
    ends.get("b")!.resolve();
    await next;
  });
});
