import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { openRecorder } from "#src/sdk/recorder.ts";
import { openTransport } from "#src/sdk/transport.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { amountsOf, countingTo } from "./recorder-ledgers.ts";
import type { ProgramOrders } from "./recorder-program.ts";

const PROGRAM = fileURLToPath(import.meta.resolve("./recorder-program.ts"));
/** Nothing listens there. */
const NOWHERE = "http://127.0.0.1:9";

describe("a program with a recorder that it does not close", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: { url: string; key: string };

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  });
  after(async () => {
    await server?.stop();
    removeDirectory(dir);
  });

  /** Runs the program to its end, with a signal once it has recorded. */
  async function run(orders: Omit<ProgramOrders, "url" | "key"> & { url?: string }, signal?: NodeJS.Signals) {
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify({ ...target, ...orders })], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    let sent = false;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      if (sent || !signal || !output.includes('"ready"')) return;
      sent = true;
      child.kill(signal);
    });
    const [code, by] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    const said = output
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown);
    return { end: by ?? code, said: said.filter((line) => line !== "ready") };
  }

  it("delivers when nothing is left to do, without waiting for the deltas' age", async () => {
    const { end } = await run({ customerId: "returns", deltas: 30, ends: "returns", recorders: 2 });
    expect(end).to.equal(0);
    expect((await amountsOf(target, "returns")).sort()).to.deep.equal(countingTo(30).sort());
  });

  it("delivers when all that it does is wait for an outcome", async () => {
    const { end, said } = await run({ customerId: "awaits", deltas: 3, ends: "awaits an outcome" });
    expect(end).to.equal(0);
    expect(said).to.have.lengthOf(1);
    expect(await amountsOf(target, "awaits")).to.deep.equal(countingTo(4));
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`delivers on ${signal} and ends by it, however many recorders it has`, async () => {
      const { end, said } = await run({ customerId: signal, deltas: 30, ends: "waits", recorders: 3 }, signal);
      expect([end, said]).to.deep.equal([signal, []]);
      expect((await amountsOf(target, signal)).sort()).to.deep.equal(countingTo(30).sort());
    });
  }

  it("that handles SIGTERM itself may go on recording while it does", async () => {
    const { end } = await run({ customerId: "handles", deltas: 5, ends: "handles SIGTERM" }, "SIGTERM");
    expect(end).to.equal(0);
    expect(await amountsOf(target, "handles")).to.deep.equal(countingTo(6));
  });

  it("tells on SIGTERM, in the time that it has, what a server that is away did not confirm", async () => {
    const { end, said } = await run(
      { url: NOWHERE, customerId: "away", deltas: 3, ends: "waits", signalDeadlineMs: 500 },
      "SIGTERM",
    );
    expect(end).to.equal("SIGTERM");
    expect(said).to.deep.equal(["1", "2", "3"].map((delta) => ({ refused: delta, mayBeRecorded: true })));
  });

  it("leaves the signals alone where it was told to", async () => {
    const { end } = await run({ customerId: "alone", deltas: 3, ends: "waits", atProcessEnd: false }, "SIGTERM");
    expect(end).to.equal("SIGTERM");
    const { customers } = await (
      await fetch(`${target.url}/api/v1/balance/customers?search=alone`, { headers: { "X-Api-Key": target.key } })
    )
      .json()
      .then(({ data }) => data as { customers: unknown[] });
    expect(customers).to.deep.equal([]);
  });

  it("has no listener left of a recorder that was closed", async () => {
    const events = ["beforeExit", "SIGTERM", "SIGINT"];
    const listeners = () => events.map((event) => process.listenerCount(event));
    const before = listeners();
    const transport = openTransport({ baseUrl: NOWHERE });
    const recorders = [1, 2].map(() => openRecorder({ transport }, { onRefused: () => {} }));
    expect(listeners()).to.deep.equal(before.map((count) => count + 1));
    for (const recorder of recorders) await recorder.close();
    expect(listeners()).to.deep.equal(before);
  });
});
