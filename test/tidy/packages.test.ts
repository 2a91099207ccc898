import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { ROOT, read } from "./tree.ts";

type Locked = {
  readonly version: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

describe("packages", () => {
  const manifest = JSON.parse(read("package.json"));
  const locked: Readonly<Record<string, Locked>> = JSON.parse(read("package-lock.json")).packages;
  const direct: Readonly<Record<string, string>> = { ...manifest.dependencies, ...manifest.devDependencies };

  it("are asked for by exact version", () => {
    const loose = Object.entries(direct)
      .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
      .map(
        ([name, version]) => `${name}: "${version}": write ${locked[`node_modules/${name}`]?.version ?? "one version"}`,
      );
    expect(loose.join("\n")).to.equal("");
  });

  it("are locked at the version asked for", () => {
    const other = Object.entries(direct).filter(
      ([name, version]) => locked[`node_modules/${name}`]?.version !== version,
    );
    expect(other).to.deep.equal([]);
  });

  // A lock that lacks one platform's binary installs on the others only: npm ci then finds it out of step.
  it("are locked with the binaries of every platform", () => {
    const lacking = Object.entries(locked).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter(
          (name) =>
            locked[`${path}/node_modules/${name}`] === undefined && locked[`node_modules/${name}`] === undefined,
        )
        .map((name) => `${path}: ${name}: choose a version that has it, and write the lock with the project's Node`),
    );
    expect(lacking.join("\n")).to.equal("");
  });

  it("are locked without the address of a registry", () => {
    const bound = Object.entries(locked).filter(
      ([, { resolved }]) => resolved !== undefined && /^https?:/.test(resolved),
    );
    expect(bound.map(([path]) => path)).to.deep.equal([]);
  });

  it("include the Node that runs this, and .nvmrc names the same", () => {
    expect(process.version).to.equal(`v${manifest.devDependencies.node}`);
    expect(read(".nvmrc").trim()).to.equal(manifest.devDependencies.node);
  });
});

describe("scripts", () => {
  const { scripts } = JSON.parse(read("package.json"));

  it("are one word each", () => {
    expect(Object.keys(scripts).filter((name) => !/^[a-z]+$/.test(name))).to.deep.equal([]);
  });

  it("begin with the bootstrap, so that each works on a fresh clone", () => {
    // What npm runs by itself before it packs calls one of them.
    expect(scripts.prepack).to.equal("npm run build");
    const names = Object.keys(scripts)
      .filter((name) => name !== "prepack")
      .filter((name) => !(name.startsWith("pre") && name.slice(3) in scripts));
    const bare = names.filter((name) => scripts[`pre${name}`] !== "node scripts/bootstrap.mjs");
    expect(bare).to.deep.equal([]);
  });

  it("of continuous integration can be run", () => {
    expect(() => accessSync(join(ROOT, ".ci/run"), constants.X_OK)).not.to.throw();
  });
});
