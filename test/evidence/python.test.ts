import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import * as fc from "fast-check";
import { checksumAddress } from "#src/core/address.ts";
import { formatAmount, parseAmount } from "#src/core/amount.ts";
import { toHex } from "#src/core/bytes.ts";
import { canonicalJson } from "#src/core/content.ts";
import { keccak } from "#src/core/keccak.ts";
import { SEED } from "#test/core/property.ts";
import { run, runPython, SCRIPT } from "./python.ts";

const VECTORS = fileURLToPath(new URL("../vectors/proofs-1.json", import.meta.url));

/** Asks the second implementation's own functions: answers one JSON value with another. */
const QUESTIONS = `
import json, struct, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import verify
asked = json.load(sys.stdin)
json.dump({
    "hashes": [verify.keccak(bytes.fromhex(data)).hex() for data in asked["hashes"]],
    "numbers": [verify.canonical_number(struct.unpack(">d", bytes.fromhex(bits))[0]) for bits in asked["numbers"]],
    "values": [verify.canonical_json(verify.parse_strict_json(text.encode())) for text in asked["values"]],
    "amounts": [str(verify.parse_amount(text)) for text in asked["amounts"]],
    "canonical": [verify.canonical_amount(int(units)) for units in asked["units"]],
    "addresses": [verify.address_of(bytes.fromhex(address)) for address in asked["addresses"]],
}, sys.stdout)
`;

describe("the second implementation", () => {
  it("agrees with the shared vectors", async () => {
    const { code, stdout } = await runPython(["--vectors", VECTORS]);
    expect(stdout).to.match(/^\d{3} vectors agree\n$/);
    expect(code).to.equal(0);
  });

  it("names the first vector that differs", async () => {
    const dir = mkdtempSync(join(tmpdir(), "vectors-"));
    const vectors = JSON.parse(readFileSync(VECTORS, "utf8"));
    vectors.deltas.rows[3].fingerprint = vectors.deltas.rows[2].fingerprint;
    const changed = join(dir, "vectors.json");
    writeFileSync(changed, JSON.stringify(vectors));
    const { code, stdout } = await runPython(["--vectors", changed]);
    rmSync(dir, { recursive: true });
    expect(stdout).to.match(/^deltas\.3\.fingerprint: made '0x[0-9a-f]{64}'/);
    expect(code).to.equal(1);
  });

  it("hashes, spells numbers, texts, amounts and addresses as the first one does", async () => {
    const sample = <T>(of: fc.Arbitrary<T>, numRuns: number) =>
      fc.sample(of, { numRuns, ...(SEED !== undefined && { seed: Number(SEED) }) });
    const lengths = Array.from({ length: 300 }, (_, length) => new Uint8Array(length).fill(length));
    const hashes = [...lengths, ...sample(fc.uint8Array({ maxLength: 500 }), 50)];
    const edges = [
      0,
      -0,
      5e-324,
      2.2250738585072014e-308,
      1e-7,
      1e-6,
      0.1,
      1e20,
      1e21,
      2 ** 53,
      1.7976931348623157e308,
    ];
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });
    const numbers = [...edges, ...edges.map((edge) => -edge), ...sample(doubles, 1000)];
    const values = sample(fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }), 300);
    const units = sample(fc.bigInt({ min: -(2n ** 255n), max: 2n ** 255n - 1n }), 300);
    const spellings = [
      ...units.map(formatAmount),
      "1e18",
      "-0",
      "-0.0",
      "1.50",
      "0.1e-17",
      "1e-18",
      "5e0",
      "0e50",
      "12.5e1",
    ];
    const refused = [
      "",
      "+1",
      "01",
      "1.",
      ".5",
      "1e-19",
      "0.0000000000000000001",
      "1e77",
      "1 ",
      "0x1",
      "1_0",
      "Infinity",
    ];
    const addresses = sample(fc.uint8Array({ minLength: 20, maxLength: 20 }), 50);
    const bitsOf = (value: number) => {
      const bits = Buffer.alloc(8);
      bits.writeDoubleBE(value);
      return bits.toString("hex");
    };
    const asked = {
      hashes: hashes.map((data) => toHex(data).slice(2)),
      numbers: numbers.map(bitsOf),
      values: values.map((value) => JSON.stringify(value)),
      amounts: [...spellings, ...refused],
      units: units.map(String),
      addresses: addresses.map((address) => toHex(address).slice(2)),
    };
    const { code, stdout, stderr } = await run(
      "python3",
      ["-c", QUESTIONS, dirname(SCRIPT)],
      Buffer.from(JSON.stringify(asked)),
    );
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.equal({
      hashes: hashes.map((data) => toHex(keccak(data)).slice(2)),
      numbers: numbers.map((number) => canonicalJson(number)),
      values: values.map((value) => canonicalJson(JSON.parse(JSON.stringify(value)))),
      amounts: [...spellings.map((text) => String(parseAmount(text))), ...refused.map(() => "None")],
      canonical: units.map(formatAmount),
      addresses: addresses.map(checksumAddress),
    });
  });

  it("refuses for its shape what is too large or too deep to be read", async () => {
    const huge = Buffer.alloc(64 * 1024 * 1024 + 1, " ");
    const deep = Buffer.from("[".repeat(1_000_000));
    const quoted = Buffer.from(`"${'\\"'.repeat(500_000)}`);
    for (const file of [huge, deep, quoted]) {
      const { code, stdout } = await runPython(["-", "--json"], file);
      expect(code).to.equal(11);
      expect(JSON.parse(stdout)).to.include({
        verdict: "REFUSED",
        failure: "SHAPE_INVALID",
        kind: null,
        receiptId: null,
      });
    }
  });

  it("writes nothing to a terminal that could move its cursor", async () => {
    const { stdout } = await runPython(["-"], Buffer.from('{"format":"tallyroot-receipt/1","\\u001b[2J\u009b":1}'));
    expect(stdout).to.match(/^FAIL 1 shape .*SHAPE_INVALID: .*unknown member/);
    expect(stdout).to.match(/^[\n -~]*$/);
  });

  it("is one file that imports the standard library alone", () => {
    const imported = [...readFileSync(SCRIPT, "utf8").matchAll(/^\s*(?:from|import) (\w+)/gm)].map(([, name]) => name);
    const standard = "__future__ argparse base64 decimal functools http json math re sys typing urllib".split(" ");
    expect([...new Set(imported)].sort()).to.deep.equal(standard.sort());
  });
});
