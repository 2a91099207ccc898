import { existsSync } from "node:fs";
import { expect } from "chai";
import type { ErrorCode } from "#src/core/errors.ts";
import type { Route } from "#src/http/route.ts";
import { ROUTES } from "#src/http/route-table.ts";
import { STATUSES } from "#src/http/statuses.ts";
import { dataOf, errorOf, type Members, type Reply, type Request, read, record, send, verified } from "./call.ts";
import { ROUTE_CASES, type RouteCase, type World } from "./route-cases.ts";
import { type Seed, seedDirectory } from "./seed.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const nameOf = (route: Route) => `${route.method} ${route.path}`;

/** What stands at a path such as `deltas[].delta`; fails where a step is not there. */
function memberAt(data: Members, path: string): unknown {
  return path.split(".").reduce((value: Members, step) => {
    const name = step.replace("[]", "");
    expect(value, path).to.have.own.property(name);
    if (!step.endsWith("[]")) return value[name];
    expect(value[name], path).to.be.an("array").that.is.not.empty;
    return value[name][0];
  }, data);
}

function expectRefusal(reply: Reply, code: ErrorCode): Members {
  const error = errorOf(reply);
  expect(error.code, reply.text).to.equal(code);
  expect(reply.status).to.equal(STATUSES[code]);
  expect(error.requestId).to.equal(reply.headers.get("X-Request-Id"));
  expect(reply.text).not.to.match(/\bat .*\.ts:|node_modules|NumberText|sqlite/i);
  return error;
}

/** A file that is not JSON stands for itself. */
function parsed(text: string, file: NonNullable<RouteCase["file"]>): Members {
  if (file === "text") return text as unknown as Members;
  return JSON.parse(file === true ? text : text.split("\n")[0]!) as Members;
}

describe("every route", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let seed: Seed;
  let world: World;

  before(async () => {
    seed = await seedDirectory(dir);
    server = await startServer(dir);
    const target = { url: server.url, key: seed.keys.admin };
    const body = {
      customerId: "cust_001",
      delta: "12.5",
      reason: "usage_charge",
      referenceId: "inv-1",
      metadata: { a: 1 },
    };
    const { recordId } = await record(target, body, { "Idempotency-Key": "first" });
    const delta = await verified(target, recordId);
    await verified(target, seed.erased.recordId);
    const path = "/api/v1/balance/checkpoint";
    const checkpoint = dataOf(await send(server.url, { path, key: seed.keys.write, body: { customerId: "cust_001" } }));
    world = { ...seed, delta, checkpoint };
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const call = (request: Request, key?: string) => send(server.url, { ...request, key: request.key ?? key });
  const keyFor = ({ route }: RouteCase) => (route.access === "public" ? undefined : seed.keys.admin);

  it("has its cases in the table", () => {
    expect(ROUTE_CASES.map(({ route }) => nameOf(route))).to.have.members(ROUTES.map(nameOf));
  });

  it("has a case for each code that it says it answers, or a test elsewhere that is there", () => {
    const missing = ROUTE_CASES.flatMap(({ route, rejects, elsewhere = {} }) =>
      route.codes
        .filter((code) => !rejects.some(([, refused]) => refused === code))
        .filter((code) => !existsSync(new URL(`../../${elsewhere[code]}`, import.meta.url)))
        .map((code) => `${nameOf(route)} ${code}`),
    );
    expect(missing).to.deep.equal([]);
  });

  for (const line of ROUTE_CASES) {
    const { route, happy, members, rejects, file } = line;
    describe(nameOf(route), () => {
      it("answers what its schema says and nothing besides, with every member", async () => {
        const reply = await call(happy(world), keyFor(line));
        expect(reply.status, reply.text).to.equal(route.status);
        const data = file ? parsed(reply.text, file) : dataOf(reply);
        // A schema drops what it does not know: what it gives back is what it knows.
        expect(route.data.parse(data)).to.deep.equal(data);
        for (const path of members) expect(memberAt(data, path), path).not.to.equal(undefined);
      });

      for (const [claim, code, request, says] of rejects) {
        it(`refuses ${claim}: ${code}`, async () => {
          const error = expectRefusal(await call(request(world), keyFor(line)), code);
          if (says) expect(error.message).to.match(says);
        });
      }

      if (route.access === "public") {
        it("answers without a key, and to any page", async () => {
          const reply = await call(happy(world));
          expect(reply.status, reply.text).to.equal(route.status);
          expect(reply.headers.get("Access-Control-Allow-Origin")).to.equal(route.cors ?? null);
        });
        return;
      }

      it("refuses who has no key, a wrong or revoked one: INVALID_API_KEY", async () => {
        const wrongSecret = seed.keys.admin.replace(/\..*/, seed.keys.read.replace(/.*\./, "."));
        for (const key of [undefined, "", "pk_test_1", wrongSecret, seed.keys.revoked]) {
          const reply = await send(server.url, { ...happy(world), key });
          expectRefusal(reply, "INVALID_API_KEY");
        }
      });

      it("takes the key as a bearer token", async () => {
        const request = happy(world);
        const headers = { ...request.headers, Authorization: `Bearer ${seed.keys.admin}` };
        const reply = await call({ ...request, headers });
        expect(reply.status, reply.text).to.equal(route.status);
      });

      it("may be called with the scopes that include its own", async () => {
        for (const scope of ["read", "write"] as const) {
          const reply = await call(happy(world), seed.keys[scope]);
          if (route.access === "operator") expectRefusal(reply, "NOT_FOUND");
          else if (route.access === "read" || route.access === scope) {
            expect(reply.status, reply.text).to.equal(route.status);
          } else {
            const error = expectRefusal(reply, "FORBIDDEN_SCOPE");
            expect(error.message).to.match(new RegExp(`scope ${scope}.* needs ${route.access}`));
          }
        }
      });

      it("answers to a key of another customer as if there were nothing, or refuses it", async () => {
        const reply = await call(happy(world), seed.keys.elsewhere);
        if (route.access === "operator") expectRefusal(reply, "NOT_FOUND");
        else if (route.access !== "read" || route.customer === undefined) expectRefusal(reply, "FORBIDDEN_SCOPE");
        else if (route.customer === "handler" || route.customer === "anyone") {
          expect(reply.status, reply.text).to.equal(route.status);
          expect(reply.text).not.to.match(/cust_001|usage_charge/);
        } else expect(errorOf(reply).code).to.be.oneOf(["NOT_FOUND", "CUSTOMER_NOT_FOUND"]);
      });

      if (!route.path.includes(":")) return;

      it("answers to another tenant's key as if there were nothing", async () => {
        const reply = await call(happy(world), seed.keys.stranger);
        const { code } = errorOf(reply);
        expect(code).to.be.oneOf(["NOT_FOUND", "CUSTOMER_NOT_FOUND"]);
        expectRefusal(reply, code);
      });
    });
  }

  describe("between two tenants", () => {
    it("one customerId makes two ledgers that do not meet", async () => {
      const theirs = await record({ url: server.url, key: seed.keys.stranger }, { ...seedBody, delta: 3 });
      expect(theirs).to.include({ sequence: 1, balance: 3 });
      expect(theirs.ledgerIdentifier).not.to.equal(world.delta.ledgerIdentifier);
    });

    it("one idempotency key does not meet either", async () => {
      const headers = { "Idempotency-Key": "first" };
      const theirs = await record({ url: server.url, key: seed.keys.stranger }, { ...seedBody, delta: 4 }, headers);
      expect(theirs).not.to.have.property("idempotent");
    });

    it("a list shows the own customers only, by id or by address", async () => {
      const stranger = { url: server.url, key: seed.keys.stranger };
      const ids = async (search: string) =>
        ((await read(stranger, `/balance/customers?search=${search}`)).customers as Members[]).map((c) => c.customerId);
      expect(await ids("erased")).to.deep.equal([]);
      expect(await ids(world.delta.ledgerIdentifier.toLowerCase())).to.deep.equal([]);
      expect(await ids("THEIRS")).to.deep.equal(["theirs"]);
    });
  });

  const seedBody = { customerId: "cust_001", reason: "theirs" };
});
