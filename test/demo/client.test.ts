import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { z } from "zod";
import { type Client, openClient } from "../../scripts/demo/client.ts";
import { eachOf } from "../../scripts/demo/parallel.ts";

const data = z.object({ sequence: z.number() });
const GOOD = JSON.stringify({ success: true, data: { sequence: 1 } });
const BUSY = JSON.stringify({ success: false, error: { code: "SERVICE_UNAVAILABLE", message: "busy" } });
const CONFLICT = JSON.stringify({ success: false, error: { code: "IDEMPOTENCY_CONFLICT", message: "another delta" } });

type Reply = (request: IncomingMessage, response: ServerResponse) => void;
const reply =
  (status: number, body: string): Reply =>
  (_request, response) => {
    response.writeHead(status).end(body);
  };
const hangUp: Reply = (request) => {
  request.socket.destroy();
};

describe("the demo's client", () => {
  let server: Server;
  let client: Client;
  let replies: Reply[];
  let keys: (string | undefined)[];
  let abort: AbortController;

  beforeEach(async () => {
    [replies, keys, abort] = [[], [], new AbortController()];
    server = createServer((request, response) => {
      keys.push(request.headers["idempotency-key"] as string | undefined);
      (replies.shift() ?? reply(200, GOOD))(request, response);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = openClient({ url, apiKey: "k", connections: 2, signal: abort.signal });
  });

  afterEach(() => {
    client.close();
    server.close();
    server.closeAllConnections();
  });

  const outcome = (work: Promise<unknown>) => work.then(String, (error: Error) => error.message);

  it("sends a request again under the same key when the server is busy or the connection breaks", async () => {
    replies = [reply(503, BUSY), hangUp];
    expect(await client.post("/x", {}, "row 1", data)).to.deep.equal({ sequence: 1 });
    expect(keys).to.deep.equal(["row 1", "row 1", "row 1"]);
  });

  it("gives up after a bounded number of attempts", async () => {
    replies = Array.from({ length: 20 }, () => hangUp);
    expect(await outcome(client.get("/x", data))).to.match(/does not answer/);
    expect(keys).to.have.length(6);
  });

  it("does not repeat what was refused, and says why", async () => {
    replies = [reply(409, CONFLICT)];
    expect(await outcome(client.post("/x", {}, "row 1", data))).to.match(/409 IDEMPOTENCY_CONFLICT: another delta/);
    expect(keys).to.have.length(1);
  });

  it("tells what is not there from what is refused", async () => {
    replies = [reply(404, CONFLICT), reply(409, CONFLICT)];
    expect(await client.find("/x", data)).to.equal(undefined);
    expect(await outcome(client.find("/x", data))).to.match(/IDEMPOTENCY_CONFLICT/);
  });

  it("stops when it is told to, also between two attempts", async () => {
    replies = [reply(503, BUSY)];
    const asked = outcome(client.get("/x", data));
    abort.abort(new Error("interrupted"));
    expect(await asked).to.match(/interrupted|aborted/);
    expect(await outcome(client.get("/x", data))).to.equal("interrupted");
  });

  it("asks nothing once it is closed", async () => {
    client.close();
    expect(await outcome(client.get("/x", data))).to.match(/closed/);
    expect(keys).to.deep.equal([]);
  });
});

describe("work on many accounts at a time", () => {
  it("keeps to its limit, and leaves nothing out", async () => {
    const done: number[] = [];
    let [now, most] = [0, 0];
    await eachOf([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((later) => setImmediate(later));
      now -= 1;
      done.push(item);
    });
    expect(done.toSorted()).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
    expect(most).to.equal(3);
  });

  it("ends with the first failure: nothing new is begun after it", async () => {
    const begun: number[] = [];
    const failing = eachOf([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      await new Promise((later) => setImmediate(later));
      if (item === 1) throw new Error("refused");
    });
    expect(await failing.catch((error: Error) => error.message)).to.equal("refused");
    await new Promise((later) => setTimeout(later, 10));
    expect(begun).to.deep.equal([1, 2]);
  });
});
