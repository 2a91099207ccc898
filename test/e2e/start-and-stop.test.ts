import { once } from "node:events";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { eventually, read, record, send, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  type Ended,
  launchServer,
  refusedStart,
  removeDirectory,
  type Server,
  serverFile,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";
import { ENGINE } from "#test/run/engine.ts";
import { openStoreOf } from "#test/run/record-of.ts";

const BODY = { customerId: "cust_001", delta: 500, reason: "initial_deposit" };

/** A refusal is for a person: one line that says what is wrong, and no stack. */
function expectRefusal({ code, errors, output }: Ended, says: RegExp): void {
  expect(code, errors).to.equal(1);
  expect(errors).to.match(says);
  expect(errors.trim().split("\n"), errors).to.have.lengthOf(1);
  expect(output).not.to.include("Tallyroot is running");
}

describe("starting and stopping", () => {
  const dirs: string[] = [];
  /** What a test has started for itself: it is stopped as soon as the test is over. */
  const servers: Server[] = [];
  const fresh = () => {
    const dir = temporaryDirectory();
    dirs.push(dir);
    return dir;
  };
  const started = async (dir = fresh(), settings = {}) => {
    const server = await startServer(dir, settings);
    servers.push(server);
    return server;
  };
  const modeOf = (dir: string, name: string) => statSync(join(dir, name)).mode & 0o777;

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  after(() => dirs.forEach(removeDirectory));

  describe("one server", () => {
    let server: Server;
    before(async () => {
      server = await startServer(fresh());
    });

    after(async () => {
      await server.stop();
    });

    it("says where it is, in server.json and at the terminal", async () => {
      const { url, rpcUrl, chainId, contract, log, pid } = serverFile(server.dir);
      expect(url).to.match(/^http:\/\/127\.0\.0\.1:[0-9]+$/);
      expect(pid).to.equal(server.child.pid);
      const chain = await read({ url }, "/chain");
      expect(chain).to.include({ chainId, contract, log, rpcUrl });
      for (const text of [`${url}/api/v1`, rpcUrl, contract, apiKeyOf(server.dir)]) {
        expect(server.output()).to.include(text);
      }
    });

    it("writes an admin key for its owner alone", async () => {
      const key = readFileSync(join(server.dir, "api-key"), "utf8");
      expect(key).to.match(/^pk_test_[A-Za-z0-9]{16}\.[A-Za-z0-9_-]{43}\n$/);
      expect((await record({ url: server.url, key: key.trim() }, BODY)).sequence).to.equal(1);
    });

    it("lets nobody else read what is in its directory", () => {
      const names = [
        "api-key",
        "master-key",
        "publisher-key",
        ...(ENGINE === "sqlite" ? ["tallyroot.db", "tallyroot.db-wal"] : ["node-name"]),
        "chain.journal",
        "lock.db",
      ];
      for (const name of names) expect(modeOf(server.dir, name), name).to.equal(0o600);
    });

    it("runs beside another one on another directory, and they do not meet", async () => {
      const other = await started();
      expect(other.url).not.to.equal(server.url);
      const key = apiKeyOf(server.dir);
      const foreign = await send(other.url, { path: "/api/v1/balance/customers", key });
      expect(foreign.status).to.equal(401);
      const { customers } = await read({ url: other.url, key: apiKeyOf(other.dir) }, "/balance/customers");
      expect(customers).to.deep.equal([]);
    });

    it("is the only one on its directory, and goes on when a second is refused", async () => {
      expectRefusal(await refusedStart(server.dir), /another process .* TALLYROOT_DATA_DIR/);
      expect(serverFile(server.dir).pid).to.equal(server.child.pid);
      expect((await send(server.url, { path: "/healthz" })).status).to.equal(200);
    });

    it("has its ports for itself", async () => {
      const taken = new URL(server.url).port;
      expectRefusal(await refusedStart(fresh(), { PORT: taken }), new RegExp(`port ${taken} .* in use.* PORT`));
      const chain = new URL(server.rpcUrl).port;
      expectRefusal(
        await refusedStart(fresh(), { TALLYROOT_CHAIN_PORT: chain }),
        new RegExp(`port ${chain} .* in use`),
      );
    });

    it("writes nothing secret and no error into its terminal while all goes well", () => {
      const master = readFileSync(join(server.dir, "master-key"), "utf8").trim();
      expect(server.output()).not.to.include(master.slice(2));
      expect(server.errors()).to.equal("");
    });
  });

  it("Ctrl-C ends it in order: code 0, no server.json, ports free, nothing lost", async () => {
    const server = await startServer(fresh());
    const target = { url: server.url, key: apiKeyOf(server.dir) };
    const answers = Array.from({ length: 20 }, () => record(target, BODY));
    await Promise.all(answers);
    expect(await server.stop("SIGINT")).to.equal(0);
    expect(server.errors()).to.equal("");
    expect(existsSync(join(server.dir, "server.json"))).to.equal(false);
    for (const url of [server.url, server.rpcUrl]) {
      const listener = createServer().listen(Number(new URL(url).port), "127.0.0.1");
      await once(listener, "listening");
      listener.close();
    }
    rmSync(join(server.dir, "api-key"));
    const again = await started(server.dir);
    expect(await read({ ...target, url: again.url }, "/balance/customers/cust_001")).to.include({ totalDeltas: 20 });
    expect(existsSync(join(again.dir, "api-key")), "a key that its owner took away is not made again").to.equal(false);
  });

  it("a request under way when it is asked to end is answered", async () => {
    const server = await startServer(fresh());
    const target = { url: server.url, key: apiKeyOf(server.dir) };
    await record(target, BODY);
    const underWay = Array.from({ length: 50 }, () => record(target, BODY));
    await Promise.race(underWay);
    const began = Date.now();
    const ended = server.stop();
    const answered = (await Promise.allSettled(underWay)).filter(({ status }) => status === "fulfilled").length;
    expect(await ended).to.equal(0);
    expect(Date.now() - began, "a client that keeps its connection open is not waited for").to.be.below(3_000);
    const again = await started(server.dir);
    const { totalDeltas } = await read({ ...target, url: again.url }, "/balance/customers/cust_001");
    expect(totalDeltas).to.be.at.least(1 + answered);
  });

  it("a server that was killed leaves no server.json that the next start would leave standing", async () => {
    const dir = fresh();
    const killed = await startServer(dir);
    await killed.stop("SIGKILL");
    expect(existsSync(join(dir, "server.json"))).to.equal(true);
    const next = await launchServer(dir);
    await eventually("the old server.json is gone", async () =>
      existsSync(join(dir, "server.json")) ? undefined : true,
    );
    await eventually("the new server.json", async () => (existsSync(join(dir, "server.json")) ? true : undefined));
    expect(serverFile(dir).pid).to.equal(next.child.pid);
    expect(await next.stop()).to.equal(0);
  });

  it("a first start that was cut off before its key was written makes the key at the next one", async () => {
    const dir = fresh();
    const store = await openStoreOf(dir);
    await store.addTenant("default", Date.now());
    await store.close();
    const server = await started(dir);
    const key = apiKeyOf(dir);
    expect(server.output()).to.include(key);
    const delta = await record({ url: server.url, key }, BODY);
    await verified({ url: server.url, key }, delta.recordId);
  });

  describe("is refused", () => {
    it("with settings that are wrong, each by its name", async () => {
      const { code, errors } = await refusedStart(fresh(), {
        PORT: "http",
        TALLYROOT_CHAIN: "moon",
        TALLYROOT_DATADIR: "x",
      });
      expect(code).to.equal(1);
      const lines = errors.trim().split("\n");
      expect(lines).to.have.lengthOf(3);
      for (const name of ["PORT", "TALLYROOT_CHAIN", "TALLYROOT_DATADIR"]) expect(errors).to.include(`${name} `);
    });

    it("over a directory that is a file", async () => {
      const file = join(fresh(), "file");
      writeFileSync(file, "");
      expectRefusal(await refusedStart(file), /EEXIST|ENOTDIR/);
    });

    it("on an address that is not this machine's", async () => {
      expectRefusal(await refusedStart(fresh(), { HOST: "192.0.2.1" }), /192\.0\.2\.1/);
    });

    describe("over a directory that was used before", () => {
      const dir = fresh();
      before(async () => {
        const server = await startServer(dir);
        const target = { url: server.url, key: apiKeyOf(dir) };
        await verified(target, (await record(target, BODY)).recordId);
        await server.stop();
      });

      it("with another master key", async () => {
        const settings = { TALLYROOT_MASTER_KEY: `0x${"01".repeat(32)}` };
        expectRefusal(await refusedStart(dir, settings), /master key .* TALLYROOT_MASTER_KEY/);
      });

      it("with another publisher key", async () => {
        const settings = { TALLYROOT_PUBLISHER_KEY: `0x${"01".repeat(32)}` };
        expectRefusal(await refusedStart(dir, settings), /same chain, contract and publisher key/);
      });

      it("with another contract", async () => {
        const settings = { TALLYROOT_CONTRACT: `0x${"01".repeat(20)}` };
        expectRefusal(await refusedStart(dir, settings), /chain\.contract/);
      });

      it("with a chain.journal that somebody edited", async () => {
        const journal = join(dir, "chain.journal");
        const text = readFileSync(journal, "utf8");
        writeFileSync(
          journal,
          text.replace(/"timestamp":([0-9]+)/, (_, time) => `"timestamp":${Number(time) + 1}`),
        );
        const edited = await refusedStart(dir);
        writeFileSync(journal, text);
        expectRefusal(edited, /journal/);
      });

      it("without its chain.journal: the anchors were in it", async () => {
        rmSync(join(dir, "chain.journal"));
        const why = {
          sqlite: /no contract at 0x[0-9a-fA-F]{40} .* data directory/,
          postgres: /anchored on chain 31337, which is not in this data directory: set TALLYROOT_CHAIN=rpc/,
        };
        expectRefusal(await refusedStart(dir), why[ENGINE]);
      });
    });
  });
});
