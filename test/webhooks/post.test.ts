import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect } from "chai";
import type { Resolve } from "#src/webhooks/address-guard.ts";
import { openPost, type Post } from "#src/webhooks/post.ts";
import { answer, type Receiver, startReceiver } from "./receiver.ts";

describe("posting", () => {
  let to: Receiver;
  let post: Post;
  const never = new AbortController().signal;
  const send = (body = "{}") => post.post(to.url, { "Content-Type": "application/json" }, body, never);

  beforeEach(async () => {
    to = await startReceiver();
    post = openPost({ allowPrivate: true, attemptMs: 300 });
  });
  afterEach(async () => {
    post.close();
    await to.stop();
  });

  it("sends the very bytes it was given, with their length", async () => {
    expect(await send('{"n":1.10,"s":"ß€"}')).to.deep.equal({ status: 200, error: null });
    expect(to.received[0]).to.deep.include({ body: '{"n":1.10,"s":"ß€"}', path: "/hook" });
    expect(to.received[0]!.headers).to.include({ "content-length": "22", "content-type": "application/json" });
  });

  it("tells the status as it is, and follows nothing", async () => {
    const elsewhere = await startReceiver();
    for (const status of [200, 204, 301, 302, 303, 307, 308, 400, 401, 410, 429, 500, 503]) {
      to.behave = answer(status, { location: elsewhere.url });
      expect(await send()).to.deep.equal({ status, error: null });
    }
    expect(elsewhere.received).to.deep.equal([]);
    await elsewhere.stop();
  });

  it("gives up on a receiver that does not answer in time, also on one that sends its answer's head byte by byte", async () => {
    to.behave = () => {};
    const began = performance.now();
    expect(await send()).to.deep.equal({ status: null, error: "TIMEOUT" });
    to.behave = (response) => {
      const dripping = setInterval(() => response.socket?.write("H"), 20);
      response.on("close", () => clearInterval(dripping));
    };
    expect((await send()).status).to.equal(null);
    expect(performance.now() - began).to.be.below(2_000);
  });

  it("does not read an answer that never ends, and does not wait for it", async () => {
    let sent = 0;
    let closed = false;
    to.behave = (response) => {
      const part = Buffer.alloc(64 * 1024);
      response.writeHead(200);
      const more = () => {
        if (closed) return;
        sent += part.length;
        if (response.write(part)) setImmediate(more);
        else response.once("drain", more);
      };
      response.on("close", () => {
        closed = true;
      });
      more();
    };
    const began = performance.now();
    expect(await send()).to.deep.equal({ status: 200, error: null });
    expect(performance.now() - began).to.be.below(250);
    while (!closed) await new Promise((next) => setTimeout(next, 5));
    expect(sent).to.be.below(32 * 1024 * 1024);
  });

  it("names what went wrong where nobody answers, or nonsense", async () => {
    await to.stop();
    expect(await send()).to.deep.equal({ status: null, error: "ECONNREFUSED" });
    const nonsense = createServer((socket) => void socket.end("nonsense\r\n\r\n"));
    nonsense.listen(0, "127.0.0.1");
    await once(nonsense, "listening");
    const { port } = nonsense.address() as AddressInfo;
    expect((await post.post(`http://127.0.0.1:${port}/`, {}, "{}", never)).error).to.match(/^HPE_/);
    nonsense.close();
    to = await startReceiver();
  });

  it("uses a connection again, and sends once more where the receiver had closed it in that moment", async () => {
    const ports = new Set<number | undefined>();
    to.behave = (response) => {
      ports.add(response.socket?.remotePort);
      response.writeHead(200).end();
    };
    for (let i = 0; i < 3; i++) expect((await send()).status).to.equal(200);
    expect(ports.size).to.equal(1);
    const seen: (number | undefined)[] = [];
    to.behave = (response) => {
      seen.push(response.socket?.remotePort);
      if (ports.has(response.socket?.remotePort)) response.socket?.resetAndDestroy();
      else response.writeHead(200).end();
    };
    expect(await send()).to.deep.equal({ status: 200, error: null });
    expect(seen).to.have.length(2);
  });

  it("stops at once when it is told to, and then says nothing about the delivery", async () => {
    to.behave = () => {};
    const stopping = new AbortController();
    const outcome = post.post(to.url, {}, "{}", stopping.signal).catch((error: Error) => error.name);
    await to.until(1);
    stopping.abort();
    expect(await outcome).to.equal("AbortError");
  });

  it("opens no connection to a private address that a name leads to, and asks for the name once per connection", async () => {
    let connections = 0;
    const here = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    here.listen(0, "127.0.0.1");
    await once(here, "listening");
    const { port } = here.address() as AddressInfo;
    let asked = 0;
    const resolve: Resolve = (_hostname, _options, callback) => {
      asked += 1;
      callback(null, [{ address: "127.0.0.1", family: 4 }]);
    };
    const guarded = openPost({ allowPrivate: false, resolve });
    expect(await guarded.post(`https://hooks.example:${port}/`, {}, "{}", never)).to.deep.equal({
      status: null,
      error: "ADDRESS_REFUSED",
    });
    for (const url of [to.url, `https://127.0.0.1:${port}/`, `https://localhost:${port}/`]) {
      expect(await guarded.post(url, {}, "{}", never), url).to.deep.equal({ status: null, error: "ADDRESS_REFUSED" });
    }
    expect([connections, asked]).to.deep.equal([0, 1]);
    expect(to.received).to.deep.equal([]);
    guarded.close();
    here.close();
  });
});
