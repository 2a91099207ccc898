import { expect } from "chai";
import { openLines } from "#src/http/find-line.ts";
import { ROUTES } from "#src/http/route-table.ts";

const TABLE = [
  { method: "GET", path: "/keys" },
  { method: "GET", path: "/keys/current" },
  { method: "GET", path: "/keys/:id" },
  { method: "POST", path: "/keys/current/revoke" },
  { method: "POST", path: "/keys/:id/rotate" },
  { method: "DELETE", path: "/keys/:id" },
  { method: "GET", path: "/schemas/a.json" },
];

const find = openLines(TABLE);
const found = (method: string, path: string) => {
  const one = find(method, path);
  return one && [one.line.path, { ...one.params }];
};

describe("the line of a request", () => {
  const cases: readonly (readonly [claim: string, method: string, path: string, line: unknown])[] = [
    ["is that of its path", "GET", "/keys", ["/keys", {}]],
    ["is the one written out, before one with a parameter", "GET", "/keys/current", ["/keys/current", {}]],
    ["is by its method", "DELETE", "/keys/current", ["/keys/:id", { id: "current" }]],
    [
      "goes back to a parameter where a part that fits leads nowhere",
      "POST",
      "/keys/current/rotate",
      ["/keys/:id/rotate", { id: "current" }],
    ],
    ["of HEAD is that of GET", "HEAD", "/keys/1", ["/keys/:id", { id: "1" }]],
    ["has its parameters decoded", "GET", "/keys/a%2Fb%C3%BC", ["/keys/:id", { id: "a/bü" }]],
    [
      "takes a parameter of JavaScript's own name for a text",
      "GET",
      "/keys/__proto__",
      ["/keys/:id", { id: "__proto__" }],
    ],
    ["does not ask for capitals, and keeps those of a parameter", "GET", "/KEYS/aB", ["/keys/:id", { id: "aB" }]],
    ["takes one slash at the end for none", "GET", "/keys/", ["/keys", {}]],
    ["takes two for a path of its own", "GET", "/keys//", undefined],
    ["needs something for a parameter", "POST", "/keys//rotate", undefined],
    ["is none for another method", "PUT", "/keys", undefined],
    ["is none for a path that goes on", "GET", "/keys/1/2", undefined],
    ["is none for a path that only begins like it", "GET", "/key", undefined],
    ["is none without a slash at the beginning", "OPTIONS", "*", undefined],
    ["takes a dot for a dot", "GET", "/schemas/axjson", undefined],
  ];
  for (const [claim, method, path, line] of cases) {
    it(`${claim}: ${method} ${path}`, () => expect(found(method, path)).to.deep.equal(line));
  }

  it("is refused where a parameter cannot be decoded, whatever the method", () => {
    for (const method of ["GET", "PUT", "OPTIONS"]) expect(() => find(method, "/keys/%FF"), method).to.throw(URIError);
    expect(find("GET", "/nowhere/%FF")).to.equal(undefined);
  });

  it("is in the table once", () => {
    expect(() => openLines([...TABLE, { method: "GET", path: "/keys/:other" }])).to.throw("twice");
  });

  it("is the same as by the order of the table, for every route there is", () => {
    const ofTable = openLines(ROUTES);
    for (const route of ROUTES) {
      const path = route.path.replaceAll(/:\w+/g, "x1");
      const first = ROUTES.find(
        (line) => line.method === route.method && new RegExp(`^${line.path.replaceAll(/:\w+/g, "[^/]+")}$`).test(path),
      );
      expect(ofTable(route.method, path)?.line, `${route.method} ${path}`).to.equal(first);
    }
  });
});
