import { expect } from "chai";
import { hostsOf, placeOf } from "#src/storage/postgres/hosts.ts";
import { StorageRefusedError } from "#src/storage/refused.ts";

describe("the hosts of a database's URL", () => {
  const one = [
    "postgresql://u:p@a:5432/r",
    "postgres:///r?host=/run",
    "postgresql://a,%2Fb@c/r",
    "postgresql://[::1]:1/r",
  ];
  for (const url of one)
    it(`are one, and the URL is left as it is: ${url}`, () => {
      expect(hostsOf(url)).to.deep.equal({ urls: [url], primary: false });
    });

  const several: [string, string[]][] = [
    ["postgresql://u:p@a:1,b:2/r?ssl=true", ["postgresql://u:p@a:1/r?ssl=true", "postgresql://u:p@b:2/r?ssl=true"]],
    ["postgres://a,b:2,c/r", ["postgres://a/r", "postgres://b:2/r", "postgres://c/r"]],
    ["postgresql://u@[::1]:1,[::2]/r", ["postgresql://u@[::1]:1/r", "postgresql://u@[::2]/r"]],
    ["postgresql:///r?host=a,b&port=1,2", ["postgresql:///r?host=a&port=1", "postgresql:///r?host=b&port=2"]],
    ["postgresql:///r?host=a,b&port=1", ["postgresql:///r?host=a&port=1", "postgresql:///r?host=b&port=1"]],
  ];
  for (const [url, urls] of several)
    it(`are ${urls.length}, of which one will do that writes: ${url}`, () => {
      expect(hostsOf(url)).to.deep.equal({ urls, primary: true });
    });

  it("are of one server that writes where the URL asks for that", () => {
    const url = "postgresql://a/r?target_session_attrs=read-write";
    expect(hostsOf(url)).to.deep.equal({ urls: [url], primary: true });
    expect(hostsOf(url.replace("read-write", "any")).primary).to.equal(false);
  });

  const refused = [
    "mysql://a/r",
    "postgresql://a,,b/r",
    "postgresql://a,/r",
    "postgresql://a:x,b/r",
    "postgresql:///r?host=a,&port=1",
    "postgresql:///r?host=a,b&port=1,2,3",
    "postgresql://a,b/r?target_session_attrs=standby",
    `postgresql://${Array.from({ length: 9 }, (_, i) => `h${i}`).join()}/r`,
  ];
  for (const url of refused)
    it(`are not found in ${url}`, () => {
      expect(() => hostsOf(url)).to.throw(StorageRefusedError);
    });

  it("are shown without who connects", () => {
    expect(placeOf("postgresql://u:secret@a:1,b:2/r?sslmode=require")).to.equal("postgresql://a:1,b:2/r");
    expect(placeOf("postgresql://u:secret@a:1/r")).to.equal("postgresql://a:1/r");
    expect(placeOf("postgresql:///r?host=a,b&user=u&password=secret")).to.equal("postgresql://a,b/r");
  });
});
