import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect } from "chai";
import { addressOf, requestIdOf, targetOf } from "#src/http/exchange.ts";

/** A request with these headers, from 192.0.2.1. */
function from(headers: Record<string, string>): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: "192.0.2.1" });
  return Object.assign(new IncomingMessage(socket), { headers });
}

describe("the target of a request", () => {
  for (const [url, path, query] of [
    ["/a/b", "/a/b", ""],
    ["/a?b=1&c=%20", "/a", "b=1&c=%20"],
    ["/a?b=?", "/a", "b=?"],
    ["/a?", "/a", ""],
    ["/a#b?c", "/a", ""],
    ["/a?b#c", "/a", "b"],
    ["//a/b", "//a/b", ""],
    ["http://elsewhere.example:80/a?b=1", "/a", "b=1"],
    ["HTTPS://elsewhere.example", "", ""],
    ["*", "*", ""],
  ] as const) {
    it(`${url} has the path ${path || "that is empty"}`, () => {
      expect(targetOf(url)).to.deep.equal({ path, query });
    });
  }
});

describe("the address of a request", () => {
  const cases: readonly (readonly [claim: string, forwarded: string, proxies: number, address: string])[] = [
    ["is the socket's where no proxy is trusted", "203.0.113.9", 0, "192.0.2.1"],
    ["is what the one proxy saw", "198.51.100.7, 203.0.113.9", 1, "203.0.113.9"],
    ["is what the first of two proxies saw", "198.51.100.7, 203.0.113.9, 10.0.0.1", 2, "203.0.113.9"],
    ["is the last that is told where fewer are told", "203.0.113.9", 3, "203.0.113.9"],
    ["is the socket's where nothing is told", "", 1, "192.0.2.1"],
    ["is not nothing between two commas", "203.0.113.9, ,", 1, "203.0.113.9"],
  ];
  for (const [claim, forwarded, proxies, address] of cases) {
    it(claim, () => expect(addressOf(from({ "x-forwarded-for": forwarded }), proxies)).to.equal(address));
  }
});

describe("the id of a request", () => {
  it("is the caller's where it belongs in a log, and otherwise one that was never there", () => {
    expect(requestIdOf(from({ "x-request-id": "order:42" }))).to.equal("order:42");
    const ids = ["", "a b", "a, b", "é", "a".repeat(129)].map((id) => requestIdOf(from({ "x-request-id": id })));
    expect(new Set([...ids, requestIdOf(from({}))]).size).to.equal(6);
    for (const id of ids) expect(id).to.match(/^[0-9a-f-]{36}$/);
  });
});
