import type { LookupAddress } from "node:dns";
import { expect } from "chai";
import { isPublicAddress, publicLookup, type Resolve, whyRefused } from "#src/webhooks/address-guard.ts";

/** Addresses and why nothing is delivered there. */
const PRIVATE: readonly (readonly [address: string, why: string])[] = [
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["0.0.0.0", "this host"],
  ["10.0.0.1", "private"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.168.1.1", "private"],
  ["169.254.169.254", "link-local, where clouds keep their metadata"],
  ["100.64.0.1", "carrier-grade NAT"],
  ["100.127.255.255", "carrier-grade NAT"],
  ["192.0.2.1", "documentation"],
  ["198.18.0.1", "benchmarks"],
  ["224.0.0.1", "multicast"],
  ["240.0.0.1", "reserved"],
  ["255.255.255.255", "broadcast"],
  ["::", "unspecified"],
  ["::1", "loopback"],
  ["::7f00:1", "loopback as IPv4-compatible IPv6"],
  ["::ffff:127.0.0.1", "loopback as IPv4-mapped IPv6"],
  ["::ffff:a00:1", "private as IPv4-mapped IPv6"],
  ["64:ff9b::a00:1", "private behind NAT64"],
  ["2002:a00:1::", "private behind 6to4"],
  ["2001:0:a00::", "Teredo"],
  ["fc00::1", "unique-local"],
  ["fd12:3456::1", "unique-local"],
  ["fe80::1", "link-local"],
  ["fe80::1%eth0", "link-local with its zone"],
  ["fec0::1", "site-local"],
  ["ff02::1", "multicast"],
  ["2001:db8::1", "documentation"],
  ["4000::1", "not assigned"],
  ["localhost", "no address"],
  ["", "nothing"],
];

const PUBLIC = [
  "8.8.8.8",
  "172.15.255.255",
  "172.32.0.1",
  "100.63.255.255",
  "100.128.0.1",
  "2606:4700::1111",
  "::ffff:8.8.8.8",
];

/** A resolver that gives one answer after the other. */
function answering(...answers: string[][]): Resolve & { asked: number } {
  const resolve = (_hostname: string, _options: object, callback: Parameters<Resolve>[2]) => {
    const addresses = answers[resolve.asked]!;
    resolve.asked += 1;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  resolve.asked = 0;
  return resolve;
}

/** What a connection gets from the guarded lookup: addresses, or the code of a refusal. */
function lookedUp(resolve: Resolve, all = true): Promise<string | LookupAddress[]> {
  return new Promise((done) => {
    publicLookup(resolve)("hooks.example", { all }, (error, addresses) => done(error ? String(error.code) : addresses));
  });
}

describe("the guard of addresses", () => {
  for (const [address, why] of PRIVATE) {
    it(`lets nothing through to ${address === "" ? "an empty address" : address}: ${why}`, async () => {
      expect(isPublicAddress(address)).to.equal(false);
      expect(await lookedUp(answering([address]))).to.equal("ADDRESS_REFUSED");
    });
  }

  it("lets public addresses through as they were resolved, in both forms that a connection asks in", async () => {
    for (const address of PUBLIC) {
      expect(isPublicAddress(address), address).to.equal(true);
      const family = address.includes(":") ? 6 : 4;
      expect(await lookedUp(answering([address]))).to.deep.equal([{ address, family }]);
      expect(await lookedUp(answering([address]), false)).to.equal(address);
    }
  });

  it("refuses a name that leads to a private address beside a public one, and one that leads nowhere", async () => {
    expect(await lookedUp(answering(["8.8.8.8", "10.0.0.1"]))).to.equal("ADDRESS_REFUSED");
    expect(await lookedUp(answering([]))).to.equal("ADDRESS_REFUSED");
  });

  it("judges the very answer that the connection is given: a name that changes its mind is caught the next time", async () => {
    const rebinding = answering(["8.8.8.8"], ["127.0.0.1"]);
    expect(await lookedUp(rebinding)).to.deep.equal([{ address: "8.8.8.8", family: 4 }]);
    expect(rebinding.asked).to.equal(1);
    expect(await lookedUp(rebinding)).to.equal("ADDRESS_REFUSED");
  });

  it("refuses URLs of which it can be told without asking: other ways of writing an address too", () => {
    const refused = [
      "http://example.com/",
      "https://127.0.0.1/",
      "https://127.1/",
      "https://2130706433/",
      "https://0x7f.0.0.1/",
      "https://0177.0.0.1/",
      "https://[::1]/",
      "https://[::ffff:127.0.0.1]/",
      "https://[fd00::1]/",
      "https://169.254.169.254/latest/meta-data",
      "https://localhost/",
      "https://LOCALHOST./",
      "https://api.localhost/",
      "https://user:password@example.com/",
      "https://user@example.com/",
    ];
    for (const url of refused) expect(whyRefused(new URL(url), false), url).to.be.a("string");
    for (const url of ["https://example.com/hook", "https://8.8.8.8:8443/", "https://[2606:4700::1111]/"]) {
      expect(whyRefused(new URL(url), false), url).to.equal(undefined);
    }
  });

  it("lets the operator's own network be reached where that is allowed, but takes no password", () => {
    expect(whyRefused(new URL("http://127.0.0.1:9000/"), true)).to.equal(undefined);
    expect(whyRefused(new URL("http://a:b@127.0.0.1/"), true)).to.match(/password/);
  });
});
