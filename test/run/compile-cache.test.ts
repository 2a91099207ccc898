import { once } from "node:events";
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { COMPILE_CACHE, compileCacheOfThread } from "#src/compile-cache.ts";

/** Where a thread with this environment keeps its compiled code. */
async function ofThread(env: object): Promise<string | undefined> {
  const code = "require('node:worker_threads').parentPort.postMessage(require('node:module').getCompileCacheDir())";
  const [folder] = await once(new Worker(code, { eval: true, env: env as NodeJS.ProcessEnv }), "message");
  return folder;
}

describe("compiled code", () => {
  it("is kept in the tree while tests run", () => {
    expect(getCompileCacheDir())
      .to.be.a("string")
      .and.satisfy((folder: string) => folder.startsWith(COMPILE_CACHE));
  });

  it("is found by a thread that is given the environment for it, and by no other", async () => {
    // The folder inside is of Node's version and flags, which another test of this process may have changed.
    expect(dirname((await ofThread(compileCacheOfThread()))!)).to.equal(COMPILE_CACHE);
    expect(await ofThread({})).to.equal(undefined);
  });
});
