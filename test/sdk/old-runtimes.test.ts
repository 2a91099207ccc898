import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { expect } from "chai";
import { ROOT } from "#test/package/tarball.ts";
import { bundleSize } from "./bundle-size.ts";

const ENTRY = "src/sdk/tallyroot.ts";

/** Files with a use of something that a browser or Node of 2022 does not have, as the compiler finds them. */
function tooNew(entry: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "tallyroot-es2022-"));
  try {
    const compilerOptions = { target: "es2022", lib: ["es2022", "dom", "dom.iterable"], types: [], noEmit: true };
    const project = { extends: join(ROOT, "tsconfig.json"), compilerOptions, include: [], files: [entry] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
    execFileSync(join(ROOT, "node_modules", ".bin", "tsc"), ["--pretty", "false", "--project", folder], { cwd: ROOT });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout: Buffer };
    const files = [...String(stdout).matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map(([, file]) => posix.normalize(file!));
    return [...new Set(files)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the client, for older runtimes", () => {
  it("records and reads with nothing newer than ES2022 and what browsers had then", async () => {
    const { modules } = await bundleSize(join(ROOT, ENTRY));
    expect(modules).to.include(ENTRY);
    // What verifies is loaded later, and needs what came in 2023 and 2024.
    expect(tooNew(join(ROOT, ENTRY)).filter((file) => modules.includes(file))).to.deep.equal([]);
  });

  it("would show a use of something newer", () => {
    const folder = mkdtempSync(join(tmpdir(), "tallyroot-newer-"));
    const file = join(folder, "newer.ts");
    writeFileSync(file, "export const sorted = [2, 1].toSorted();\n");
    expect(tooNew(file)).to.have.length(1);
    rmSync(folder, { recursive: true });
  });
});
