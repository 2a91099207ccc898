import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { expect } from "chai";
import express, { type NextFunction, type Request, type Response } from "express";
import { answerError, publicError } from "#src/http/answer.ts";
import { DOCUMENTS, type PageFile, readPages } from "#src/http/pages.ts";
import { servePages } from "#src/http/serve-pages.ts";
import { errorOf, send } from "./call.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const ROOT = new URL("../../", import.meta.url);
const BUILD = fileURLToPath(new URL("scripts/build-dashboard.mjs", ROOT));
const HTML = "text/html; charset=utf-8";

const APP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'";
const POLICIES: Readonly<Record<string, string>> = { "index.html": APP, "public.html": `${APP} http: https:` };

/** The paths as a person has them. */
const filled = (path: string) =>
  path
    .replace(":customerId", "cust_001")
    .replace(":fingerprint", `0x${"5a".repeat(32)}`)
    .replace(/:\w+/, "1");
const PATHS = DOCUMENTS.flatMap(({ file, paths }) => paths.map((path) => ({ file, path: filled(path) })));

describe("the pages", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let files: ReadonlyMap<string, PageFile>;

  before(async function () {
    this.timeout(60_000);
    const { status, stderr } = spawnSync(process.execPath, [BUILD], { encoding: "utf8" });
    expect(status, stderr).to.equal(0);
    files = readPages()!;
    server = await startServer(dir);
  });

  after(async () => {
    await server?.stop();
    removeDirectory(dir);
  });

  type Raw = { status: number; headers: IncomingHttpHeaders; body: Buffer };

  /** A request whose path and headers go out as they are, and whose body comes back as it is. */
  async function raw(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Raw> {
    const { hostname, port } = new URL(server.url);
    const sent = request({ hostname, port, path, method, headers, agent: false }).end();
    const [answer] = await once(sent, "response");
    const body = Buffer.concat(await answer.toArray());
    return { status: answer.statusCode, headers: answer.headers, body };
  }

  /** A script, which there is, and whose name changes with its content. */
  const script = () => {
    const [name, file] = [...files].find(([name, { bodies }]) => name.endsWith(".js") && bodies.size === 3)!;
    return { path: `/${name}`, file };
  };

  it("are not built again while what they are made of is the same", () => {
    const list = new URL("dist/dashboard/files.json", ROOT);
    const before = statSync(list);
    const { status, stdout, stderr } = spawnSync(process.execPath, [BUILD], { encoding: "utf8" });
    expect({ status, stdout, stderr }).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect([statSync(list).ino, statSync(list).mtimeMs]).to.deep.equal([before.ino, before.mtimeMs]);
  });

  for (const { file, path } of PATHS) {
    it(`${path} is ${file}, looked for anew each time, with its policy`, async () => {
      const { status, headers, body } = await raw(path);
      expect(status).to.equal(200);
      expect(body.equals(files.get(file)!.bodies.get("identity")!)).to.equal(true);
      expect(headers).to.include({
        "content-type": HTML,
        "cache-control": "no-cache",
        "content-security-policy": POLICIES[file],
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        vary: "Accept, Accept-Encoding",
      });
      expect(headers).not.to.have.property("access-control-allow-origin");
    });
  }

  it("are at the paths that the applications have a screen for, and at no other", () => {
    const screens = ["app/screens.tsx", "public/public.tsx"].map((source) =>
      [...readFileSync(new URL(`src/dashboard/${source}`, ROOT), "utf8").matchAll(/<Route path="([^"]+)"/g)].flatMap(
        ([, path]) => (path!.endsWith("?") ? [path!.replace(/\/:\w+\?$/, ""), path!.slice(0, -1)] : [path!]),
      ),
    );
    expect(DOCUMENTS[0].paths).to.have.members(screens[0]!);
    expect(DOCUMENTS[1].paths).to.have.members(screens[1]!);
  });

  it("load files of this server only, without an inline script, and every one is there", async () => {
    for (const { file } of DOCUMENTS) {
      const html = Buffer.from(files.get(file)!.bodies.get("identity")!).toString("utf8");
      expect(html).not.to.match(/<script(?![^>]*\ssrc=)|<style|\son\w+=|javascript:/i);
      const loaded = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path]) => path!);
      expect(loaded, file).to.include("/assets/color-scheme.js");
      for (const path of loaded) {
        expect(path).to.match(/^\/assets\/[^/]+$/);
        expect((await raw(path)).status, path).to.equal(200);
      }
    }
  });

  it("load each file as what it is; what changes under its name is looked for anew, the rest kept for a year", async () => {
    for (const [name, { mediaType, bodies }] of files) {
      if (!name.startsWith("assets/")) continue;
      const { status, headers, body } = await raw(`/${name}`);
      expect(status, name).to.equal(200);
      expect(headers["content-type"], name).to.equal(mediaType);
      expect(body.equals(bodies.get("identity")!), name).to.equal(true);
      const lasts = !/^assets\/(?:color-scheme\.js|icon\.svg)$/.test(name);
      const kept = lasts ? "public, max-age=31536000, immutable" : "no-cache";
      expect(headers["cache-control"], name).to.equal(kept);
    }
  });

  describe("send nothing else", () => {
    const STRANGE = [
      "/assets/",
      "/assets/nothing.js",
      "/assets/index.html",
      "/assets/files.json",
      "/assets/constructor",
      "/assets/__proto__",
      "/assets/.",
      "/assets/..",
      "/assets/../files.json",
      "/assets/../index.html",
      "/assets/../../../package.json",
      "/assets/..%2ffiles.json",
      "/assets/%2e%2e/files.json",
      "/assets/%2e%2e%2findex.html",
      "/assets/..%5c..%5cpackage.json",
      "/assets/%252e%252e%252findex.html",
      "/assets/color-scheme.js%00",
      "/assets/color-scheme.js.br",
      "/assets//color-scheme.js",
      "/assets/%2fetc%2fpasswd",
      "/files.json",
      "/index.html",
      "/public.html",
      "/../index.html",
      "/ledgers/cust_001/more",
    ];
    for (const path of STRANGE) {
      it(`at ${path}`, async () => {
        const { status, headers, body } = await raw(path);
        expect(status).to.equal(404);
        expect(headers["content-type"]).to.match(/^application\/json/);
        expect(JSON.parse(body.toString("utf8"))).to.have.nested.property("error.code", "NOT_FOUND");
      });
    }

    it("and refuse a path that is not UTF-8", async () => {
      for (const path of ["/assets/%ff", "/ledgers/%ff"]) expect((await raw(path)).status, path).to.equal(400);
    });
  });

  describe("in the best form that the caller takes", () => {
    const TABLE: readonly (readonly [accepts: string | undefined, form: "br" | "gzip" | undefined])[] = [
      [undefined, undefined],
      ["", undefined],
      ["identity", undefined],
      ["gzip, deflate, br, zstd", "br"],
      ["gzip", "gzip"],
      ["GZIP;q=0.5", "gzip"],
      ["br;q=0.1, gzip", "br"],
      ["br;q=0, gzip", "gzip"],
      ["*", "br"],
      ["br;q=0, *", "gzip"],
      ["*;q=0", undefined],
      ["deflate, zstd", undefined],
    ];
    for (const [accepts, form] of TABLE) {
      it(`${accepts === undefined ? "without Accept-Encoding" : `Accept-Encoding: ${accepts}`}: ${form ?? "as it is"}`, async () => {
        const { path, file } = script();
        const sent = accepts === undefined ? {} : { "Accept-Encoding": accepts };
        const { headers, body } = await raw(path, sent);
        expect(headers["content-encoding"]).to.equal(form);
        expect(headers.vary).to.equal("Accept-Encoding");
        expect(headers["content-length"]).to.equal(String(body.length));
        const plain = form === "br" ? brotliDecompressSync(body) : form === "gzip" ? gunzipSync(body) : body;
        expect(plain.equals(file.bodies.get("identity")!)).to.equal(true);
      });
    }

    it("each with an ETag of its own, and nothing is sent to who has that form", async () => {
      const { path } = script();
      const forms = await Promise.all(["identity", "gzip", "br"].map((form) => raw(path, { "Accept-Encoding": form })));
      const tags = forms.map(({ headers }) => headers.etag!);
      expect(new Set(tags).size).to.equal(3);
      for (const tag of tags) expect(tag).to.match(/^"[0-9a-f]{64}(-br|-gzip)?"$/);
      const again = await raw(path, { "Accept-Encoding": "br", "If-None-Match": `"other", W/${tags[2]}` });
      expect([again.status, again.body.length, again.headers.etag]).to.deep.equal([304, 0, tags[2]]);
      expect(again.headers).to.include({
        vary: "Accept-Encoding",
        "cache-control": forms[2]!.headers["cache-control"],
      });
      const other = await raw(path, { "Accept-Encoding": "br", "If-None-Match": tags[1]! });
      expect(other.status).to.equal(200);
    });

    it("HEAD is GET without the body", async () => {
      for (const path of ["/", "/verify", script().path]) {
        const [head, get] = [await raw(path, {}, "HEAD"), await raw(path)];
        expect([head.status, head.body.length], path).to.deep.equal([200, 0]);
        for (const name of ["content-length", "content-type", "etag", "cache-control", "content-security-policy"])
          expect(head.headers[name], `${path} ${name}`).to.equal(get.headers[name]);
      }
    });
  });

  it("are for people: who asks for JSON hears as before that nothing is there, and where the API is", async () => {
    for (const accept of ["application/json", "application/json, text/plain, */*", "application/problem+json"]) {
      for (const path of ["/", "/verify", "/ledgers/cust_001"]) {
        const { status, headers, body } = await raw(path, { Accept: accept });
        expect(status, path).to.equal(404);
        expect(headers["content-type"], path).to.match(/^application\/(problem\+)?json/);
        expect(body.toString("utf8")).to.include("NOT_FOUND").and.to.include("/api/v1");
      }
    }
    for (const accept of ["text/html,application/xhtml+xml,*/*;q=0.8", "*/*", "image/avif"])
      expect((await raw("/", { Accept: accept })).headers["content-type"], accept).to.equal(HTML);
  });

  it("take no method but GET and HEAD", async () => {
    for (const path of ["/", "/verify/0x12", "/assets/color-scheme.js"]) {
      for (const method of ["POST", "PUT", "DELETE"]) {
        const reply = await send(server.url, { method, path });
        expect([reply.status, reply.headers.get("Allow")], `${method} ${path}`).to.deep.equal([404, "GET, HEAD"]);
        expect(errorOf(reply).code).to.equal("NOT_FOUND");
      }
      const options = await send(server.url, { method: "OPTIONS", path });
      expect([options.status, options.headers.get("Allow")]).to.deep.equal([204, "GET, HEAD"]);
    }
  });

  it("are in the figures by their pattern, and whose they are is not", async () => {
    await raw("/ledgers/a-customer-of-ours");
    const { text } = await send(server.url, { path: "/metrics" });
    expect(text)
      .to.include('route="/ledgers/:customerId",method="GET",status="200"')
      .and.not.include("a-customer-of-ours");
  });

  it("that were not built say how, and a file of theirs is not there", async () => {
    const empty = temporaryDirectory();
    const nothing = readPages(pathToFileURL(`${empty}/`));
    expect(nothing).to.equal(undefined);
    const app = express();
    servePages(app, nothing);
    app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
      answerError(response, publicError(error), false),
    );
    const http = createServer(app).listen(0, "127.0.0.1");
    await once(http, "listening");
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    for (const { path } of PATHS) {
      const { status, headers, text } = await send(url, { path });
      expect(status, path).to.equal(503);
      expect(headers.get("Content-Type")).to.equal(HTML);
      expect(headers.get("Cache-Control")).to.equal("no-store");
      expect(text)
        .to.include("npm run build")
        .and.not.match(/<script|<style|style=/);
    }
    expect(errorOf(await send(url, { path: "/assets/color-scheme.js" })).code).to.equal("NOT_FOUND");
    http.closeAllConnections();
    http.close();
    removeDirectory(empty);
  });
});
