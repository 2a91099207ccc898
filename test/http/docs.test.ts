import { expect } from "chai";
import { DOCS_FILES } from "#src/http/docs.ts";
import { EXAMPLES, LINKS } from "#src/http/examples.ts";
import { nameOf } from "#src/http/openapi.ts";
import type { Route } from "#src/http/route.ts";
import { ROUTES } from "#src/http/route-table.ts";
import { dataOf, eventually, type Members, read, record, send, type Target, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

describe("the page of the documentation", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  it("loads what it needs from this server, and every file of it is there", async () => {
    const page = await send(server.url, { path: "/docs" });
    expect(page.status).to.equal(200);
    expect(page.headers.get("Content-Type")).to.equal("text/html; charset=utf-8");
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path]) => path!);
    expect(loaded).to.include.members(["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js"]);
    for (const path of loaded) {
      expect(path).to.match(/^\/[^/]/);
      expect((await send(server.url, { path })).status, path).to.equal(200);
    }
    const start = await send(server.url, { path: "/docs/start.js" });
    expect(start.text).to.include('url: "/openapi.json"').and.to.include("validatorUrl: null");
  });

  it("may run and load nothing but what is from this server", async () => {
    const page = await send(server.url, { path: "/docs" });
    expect(page.text).not.to.match(/<script>|<style|\son\w+=|javascript:/i);
    const policy = new Map(
      page.headers
        .get("Content-Security-Policy")!
        .split("; ")
        .map((one) => [one.split(" ")[0], one.split(" ").slice(1)]),
    );
    expect(policy.get("default-src")).to.deep.equal(["'none'"]);
    expect(policy.get("script-src")).to.deep.equal(["'self'"]);
    expect(policy.get("connect-src")).to.deep.equal(["'self'"]);
    expect(policy.get("frame-ancestors")).to.deep.equal(["'none'"]);
  });

  it("sends each file as what it is", async () => {
    for (const file of DOCS_FILES) {
      const { status, headers, text } = await send(server.url, { path: `/docs/${file}` });
      expect(status, file).to.equal(200);
      expect(text, file).not.to.equal("");
      const type = { js: "text/javascript", css: "text/css", html: "text/html", md: "text/plain", png: "image/png" }[
        file.split(".").at(-1)!
      ];
      expect(headers.get("Content-Type"), file).to.match(new RegExp(`^${type}`));
    }
  });

  it("sends no other file", async () => {
    for (const file of ["../package.json", "..%2f..%2fpackage.json", "package.json", "index.html", "..%5cdocs.ts"]) {
      const { status } = await send(server.url, { path: `/docs/${file}` });
      expect(status, file).to.be.oneOf([400, 404]);
    }
  });

  it("does not force https on plain http, and lets JSON that is opened as a page load nothing", async () => {
    for (const path of ["/docs", "/healthz", "/nowhere"]) {
      const { headers } = await send(server.url, { path });
      expect(headers.get("Content-Security-Policy"), path)
        .to.include("default-src 'none'")
        .and.not.to.include("upgrade");
      expect(headers.get("Strict-Transport-Security"), path).to.equal(null);
      expect(headers.get("X-Content-Type-Options"), path).to.equal("nosniff");
    }
  });

  describe("shows examples", () => {
    /** The answer to the first example of each route, by the route's name. */
    const answers = new Map<string, Members>();

    /** The text that this parameter has in an example: taken from an earlier answer, or the example in its schema. */
    function parameterOf(line: Route, name: string): string {
      const link = LINKS.find(({ to, parameter }) => to === nameOf(line) && parameter === name);
      if (!link) {
        const shape = (
          line.params as unknown as { shape: Record<string, { meta(): { example?: string } | undefined }> }
        ).shape;
        const example = shape[name]?.meta()?.example;
        if (example === undefined)
          throw new Error(`${nameOf(line)}: say in src/http/examples.ts where ${name} comes from`);
        return example;
      }
      const steps = link.pointer.split("/").slice(2);
      return String(steps.reduce((value: Members, step) => value[step], answers.get(link.from)!));
    }

    function pathOf(line: Route): string {
      const path = line.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(parameterOf(line, name)));
      const query = LINKS.filter(({ to, parameter }) => to === nameOf(line) && !line.path.includes(`:${parameter}`));
      const search = query
        .map(({ parameter }) => `${parameter}=${encodeURIComponent(parameterOf(line, parameter))}`)
        .join("&");
      return search === "" ? path : `${path}?${search}`;
    }

    /** What a route's example finds only once the server has got that far. */
    const before: Readonly<Record<string, () => Promise<unknown>>> = {
      "GET /api/v1/balance/delta/:recordId": () =>
        verified(target, answers.get("POST /api/v1/balance/delta")!.recordId),
      "GET /api/v1/balance/webhooks": async () => {
        await record(target, { customerId: "cust_001", delta: 1, reason: "for the webhooks" });
        await eventually("a delivery", async () => {
          const { deliveries } = await read(target, "/balance/webhooks");
          return deliveries[0];
        });
      },
    };

    /** Who asks where it must not be the only admin key. */
    const asking: Readonly<Record<string, () => Promise<string>>> = {
      "POST /api/v1/keys/current/revoke": async () =>
        dataOf(await send(target.url, { path: "/api/v1/keys", key: target.key, body: { scope: "read" } })).apiKey,
    };

    it("of routes that there are", () => {
      const names = ROUTES.map(nameOf);
      expect(names).to.include.members([...Object.keys(EXAMPLES), ...LINKS.flatMap(({ from, to }) => [from, to])]);
    });

    it("of every route that takes a body", () => {
      const bare = ROUTES.filter((line) => line.body && line.takes !== "lines" && !EXAMPLES[nameOf(line)]).map(nameOf);
      expect(bare.join("\n"), "give it an example in src/http/examples.ts").to.equal("");
    });

    it("that work, one after the other, and each id of an answer where the next request takes it", async () => {
      // What ends something comes last: the others ask for it.
      const order = [...ROUTES].sort((a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"));
      for (const line of order) {
        const name = nameOf(line);
        if (line.takes === "lines") continue;
        await before[name]?.();
        const key = (await asking[name]?.()) ?? target.key;
        const bodies = EXAMPLES[name]?.map(({ body }) => body) ?? [undefined];
        for (const body of bodies) {
          const reply = await send(target.url, { method: line.method, path: pathOf(line), key, body });
          expect(reply.status, `${name} ${reply.text.slice(0, 500)}`).to.equal(line.status);
          if (!answers.has(name) && reply.headers.get("Content-Type")?.startsWith("application/json")) {
            answers.set(name, line.media?.["application/json"] === "bare" ? JSON.parse(reply.text) : dataOf(reply));
          }
        }
      }
    });
  });
});
