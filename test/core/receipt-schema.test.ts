import { readdirSync, readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import { expect } from "chai";
import { consistencySchema, policySchema, receiptSchema } from "#src/core/receipt-schema.ts";
import type { JsonSchema } from "#src/core/shape.ts";
import { tampered } from "./evidence.ts";

type File = Record<string, unknown>;

const GOLDEN = new URL("../golden/1/", import.meta.url);
const ajv = new Ajv2020.Ajv2020({ strict: true, allErrors: true });
const SCHEMAS = {
  receipt: ajv.compile(receiptSchema),
  consistency: ajv.compile(consistencySchema),
  policy: ajv.compile(policySchema),
};

const golden = readdirSync(GOLDEN)
  .filter((name) => name.endsWith(".json") && name !== "expected.json")
  .map((name) => {
    const file = JSON.parse(readFileSync(new URL(name, GOLDEN), "utf8")) as File;
    return { name, file, accepts: SCHEMAS[/tallyroot-(\w+)/.exec(String(file.format))![1] as keyof typeof SCHEMAS] };
  });

/** Every path of a JSON value's members and elements, but not into metadata, where anything may stand. */
function pathsOf(value: unknown, prefix = ""): string[] {
  if (typeof value !== "object" || value === null || prefix === "content.metadata.") return [];
  return Object.entries(value).flatMap(([name, member]) => [prefix + name, ...pathsOf(member, `${prefix}${name}.`)]);
}

function valueAt(file: File, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (value as File)[name], file);
}

const OPTIONAL =
  /^(deltas|rpc|content\.(referenceId|metadata|adjusts)|(earlier|later)\.statement(\.edge)?|namespace)$|\.\d+$|^content\.adjusts\.|^content$/;

describe("JSON Schemas", () => {
  it("are of draft 2020-12, named, and say what they cannot say", () => {
    const schemas: JsonSchema[] = [receiptSchema, consistencySchema, policySchema];
    for (const schema of schemas) {
      expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).to.equal(true);
      expect(schema.$schema).to.equal("https://json-schema.org/draft/2020-12/schema");
      expect(schema.description).to.match(/cannot say.*EIP-55.*ranges/);
    }
    expect(new Set(schemas.map(({ $id }) => $id)).size).to.equal(3);
  });

  for (const { name, file, accepts } of golden) {
    it(`accept ${name}`, () => {
      expect(accepts(file), JSON.stringify(accepts.errors)).to.equal(true);
      for (const schema of Object.values(SCHEMAS)) expect(schema(file)).to.equal(schema === accepts);
    });

    it(`refuse ${name} with any member of another type, missing or unknown`, () => {
      const paths = pathsOf(file);
      expect(paths.length).to.be.greaterThan(5);
      // Of long lists the first and the last element stand for all.
      const chosen = paths.filter((path) => !/^deltas\.(?!0\b|19\b)\d+/.test(path));
      for (const path of chosen) {
        for (const value of [null, 1, true, "", "0x", "1.0", " 1", "0x\n", [[]]])
          if (
            !(typeof value === "string" && /^content\.(customerId|delta|reason|referenceId|adjusts\.\w+)$/.test(path))
          )
            expect(accepts(tampered(file, path, value)), `${path}: ${JSON.stringify(value)}`).to.equal(false);
        if (!OPTIONAL.test(path)) expect(accepts(tampered(file, path, undefined)), `no ${path}`).to.equal(false);
        const at = valueAt(file, path);
        if (typeof at === "object" && !Array.isArray(at) && path !== "content.metadata")
          expect(accepts(tampered(file, `${path}.extra`, "1")), `${path}.extra`).to.equal(false);
      }
      expect(accepts({ ...file, extra: "1" })).to.equal(false);
    });
  }

  it("refuse content without namespace, proofs longer than any tree, and integers longer than their type", () => {
    const { file, accepts } = golden.find(({ name }) => name === "delta-open.json")!;
    expect(accepts(tampered(file, "namespace", undefined))).to.equal(false);
    expect(accepts(tampered(file, "content", undefined))).to.equal(false);
    const hash = file.receiptId as string;
    expect(accepts(tampered(file, "ledgerProof", Array(64).fill(hash)))).to.equal(true);
    expect(accepts(tampered(file, "ledgerProof", Array(65).fill(hash)))).to.equal(false);
    for (const [path, text, fits] of [
      ["delta.sequence", "18446744073709551615", true],
      ["delta.sequence", "118446744073709551615", false],
      ["delta.sequence", "-1", false],
      ["delta.sequence", "01", false],
      ["delta.balance", `-${2n ** 255n}`, true],
      ["delta.balance", `${10n ** 77n}`, false],
      ["delta.balance", "-0", false],
      ["receiptId", hash.toUpperCase().replace("X", "x"), false],
    ] as const)
      expect(accepts(tampered(file, path, text)), `${path} ${text}`).to.equal(fits);
  });

  it("refuse every bad golden file whose members alone are wrong, as far as a schema can", () => {
    const expected = JSON.parse(readFileSync(new URL("expected.json", GOLDEN), "utf8")) as Record<
      string,
      { failure: string }
    >;
    const shapes = Object.keys(expected).filter((name) => name.startsWith("bad/shape-"));
    const accepted = shapes.filter((name) => {
      const file: unknown = JSON.parse(readFileSync(new URL(name, GOLDEN), "utf8"));
      return Object.values(SCHEMAS).some((schema) => schema(file));
    });
    expect(accepted.sort()).to.deep.equal(BEYOND_A_SCHEMA);
  });
});

/** What only a reader finds: each is a sentence of the schemas' descriptions. */
const BEYOND_A_SCHEMA = [
  "bad/shape-address-lower-case.json",
  "bad/shape-address-wrong-checksum.json",
  "bad/shape-edge-missing.json",
  "bad/shape-edge-of-empty-window.json",
  "bad/shape-int256-overflow.json",
  "bad/shape-int256-underflow.json",
  "bad/shape-lone-surrogate-in-metadata-name.json",
  "bad/shape-lone-surrogate.json",
  "bad/shape-metadata-33-levels.json",
  "bad/shape-number-beyond-doubles.json",
  "bad/shape-uint64-overflow.json",
];
