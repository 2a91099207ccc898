import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { anchorLogCodeHash } from "#src/contracts.ts";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { keccak } from "#src/core/keccak.ts";
import { contractFile } from "#src/dashboard/public/contract-parts.ts";
import { check, type Verdict } from "#src/dashboard/public/verify/check.ts";
import { type Known, pinsFrom, restsOnFile, typedPin } from "#src/dashboard/public/verify/pins.ts";
import { evidenceElement } from "#src/dashboard/public/verify/saved-evidence.ts";
import { withinScript } from "#src/dashboard/public/verify/within-script.ts";
import { type EvidenceGround, startEvidenceGround } from "#test/cli/verify-ground.ts";

/** Parts of the public page that need no browser to be tried. */

describe("a script that stands in a saved page", () => {
  const dangerous = ["</script>", "</SCRIPT ", "<script>", "<SCRIPT", "<sCrIpT", "<!--", "<!-- <script>"];

  it("never ends or nests its element, and still says the same", () => {
    for (const text of dangerous) {
      const program = withinScript(`result = ${JSON.stringify(text)}`);
      expect(program, text).not.to.match(/<\/script|<script|<!--/i);
      expect(runInNewContext(program), text).to.equal(text);
    }
  });

  it("keeps the meaning of expressions and names behind a comparison", () => {
    expect(runInNewContext(withinScript("/<script|<!--/.test('a <script')"))).to.equal(true);
    expect(runInNewContext(withinScript("var script = 2; 1<script"))).to.equal(true);
  });
});

describe("the evidence in a saved page", () => {
  it("has nothing in it that could end its element, whatever a file is called and says", () => {
    const hostile = "</script><script>alert(1)</script><!--";
    const element = evidenceElement({
      name: hostile,
      bytes: new TextEncoder().encode(hostile),
      known: { log: hostile },
      serversWord: null,
      endpoints: [hostile],
      fingerprint: hostile,
      verifyUrl: hostile,
      savedAt: hostile,
    });
    const [, content] = /^<script type="application\/json" id="[a-z-]+">(.*)<\/script>$/s.exec(element)!;
    expect(content).not.to.contain("<");
    expect(JSON.parse(content!)).to.include({ name: hostile, base64: Buffer.from(hostile).toString("base64") });
  });
});

describe("the contract's Standard JSON input", () => {
  it("compiles to the very code that the page expects on chain", function () {
    this.timeout(60_000);
    const solc = createRequire(import.meta.url)("solc") as { compile(input: string): string };
    const { standardInput } = contractFile();
    const { contracts, errors = [] } = JSON.parse(solc.compile(JSON.stringify(standardInput)));
    expect(errors).to.deep.equal([]);
    const { object } = contracts["contracts/AnchorLog.sol"].AnchorLog.evm.deployedBytecode;
    expect(toHex(keccak(fromHex(`0x${object}`)))).to.equal(anchorLogCodeHash);
  });
});

describe("what a file is held against", () => {
  const contract = new Uint8Array(20).fill(1);
  const anchor = { chainId: 1n, contract, log: new Uint8Array(32).fill(2) };
  const server = { chainId: "2", contract: "0x2", log: "0x3", confirmations: "4" };

  it("is the visitor's word first, then the server's, and the file's only where nobody says anything", () => {
    const words = (known: Known, said: typeof server | null) => {
      const { namespace: _, ...pins } = pinsFrom(known, said, "0xc0de", anchor);
      return Object.values(pins).map(({ word }) => word);
    };
    expect(words({}, server)).to.deep.equal(["server", "server", "server", "page", "server"]);
    expect(words({ log: "0x9" }, server)).to.deep.equal(["server", "server", "you", "page", "server"]);
    expect(words({}, null)).to.deep.equal(["file", "file", "file", "page", "page"]);
  });

  it("never has the code at the server's word", () => {
    const said = { ...server, codeHash: "0xbad" };
    expect(pinsFrom({}, said, "0xc0de", anchor).codeHash).to.deep.equal({ value: "0xc0de", word: "page" });
  });

  it("is read as it is typed, with an address's checksum or without one, but with no wrong one", () => {
    const address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
    expect(typedPin("contract", ` ${address.toLowerCase()} `)).to.deep.equal({ value: address });
    expect(typedPin("contract", address)).to.deep.equal({ value: address });
    expect(typedPin("contract", address.replace("F", "f"))).to.have.property("problem");
    expect(typedPin("chainId", "31337")).to.deep.equal({ value: "31337" });
    for (const [name, wrong] of [
      ["chainId", "-1"],
      ["confirmations", "0"],
      ["log", "0x12"],
      ["codeHash", "hash"],
    ] as const)
      expect(typedPin(name, wrong), name).to.have.property("problem");
  });
});

describe("a verdict", () => {
  let ground: EvidenceGround;

  before(async function () {
    this.timeout(60_000);
    ground = await startEvidenceGround();
  });
  after(() => ground?.stop());

  async function verdictOf(known: Known): Promise<Verdict> {
    let verdict: Verdict | null = null;
    await check({
      bytes: new TextEncoder().encode(JSON.stringify(ground.json("blind.json"))),
      expected: {},
      pinsFor: (anchor) => pinsFrom(known, null, anchorLogCodeHash, anchor),
      endpoints: [ground.server.rpcUrl],
      onProgress: (progress) => {
        verdict = progress.verdict;
      },
      pause: async () => {},
      signal: new AbortController().signal,
      now: () => "",
    });
    return verdict!;
  }

  it("is never VERIFIED where only the file says which contract and log are right", async () => {
    const { anchor } = ground.json("blind.json");
    const { contract, log } = anchor;
    expect(await verdictOf({})).to.include({ kind: "as-far", why: "files-word" });
    expect(await verdictOf({ contract, chainId: anchor.chainId })).to.include({ kind: "as-far", why: "files-word" });
    expect(await verdictOf({ contract, log, chainId: anchor.chainId })).to.include({ kind: "verified" });
    const pins = pinsFrom({ contract, log }, null, "0x", {
      chainId: 1n,
      contract: fromHex(`0x${"11".repeat(20)}`),
      log: fromHex(log),
    });
    expect(restsOnFile(pins)).to.equal(true);
  });
});
