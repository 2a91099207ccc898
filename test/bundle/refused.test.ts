import { createHash, randomInt } from "node:crypto";
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { exportBundle } from "#src/bundle/export.ts";
import type { Manifest } from "#src/bundle/manifest.ts";
import { type BundleGround, forge, openBundleGround, refusal } from "./ground.ts";

const SEED = Number(process.env.FAULT_SEED ?? randomInt(2 ** 31));

/** A small generator that can be replayed (mulberry32); not for secrets. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe(`a bundle (FAULT_SEED=${SEED})`, () => {
  const below = seeded(SEED);
  let ground: BundleGround;

  before(async () => {
    ground = await openBundleGround();
  });

  after(() => ground.remove());

  it("with any byte of any file changed is refused", () => {
    const files = readdirSync(ground.second).filter((name) => name !== "lock.db");
    for (const name of files) {
      for (let flips = 0; flips < 12; flips++) {
        const bundle = ground.copyOf(ground.second);
        const bytes = readFileSync(join(bundle, name));
        const [place_, bit] = [below(bytes.length), below(8)];
        bytes[place_]! ^= 1 << bit;
        writeFileSync(join(bundle, name), bytes);
        const expected = name === "manifest.json" ? ["MANIFEST_INVALID", "FORMAT_UNKNOWN"] : ["FILE_DAMAGED"];
        expect(expected, `${name}, byte ${place_}, bit ${bit}`).to.include(ground.importing(bundle));
        rmSync(bundle, { recursive: true });
      }
    }
  });

  it("with a file cut short, or longer, is refused", () => {
    for (const name of ["000001.record.ndjson", "000002.state.ndjson", "000001.chain.ndjson"]) {
      const [short, long] = [ground.copyOf(ground.second), ground.copyOf(ground.second)];
      writeFileSync(join(short, name), readFileSync(join(short, name)).subarray(0, -1));
      appendFileSync(join(long, name), "\n");
      expect([ground.importing(short), ground.importing(long)]).to.deep.equal(["FILE_DAMAGED", "FILE_DAMAGED"]);
      expect(refusal(() => exportBundle({ dataDir: ground.dataDir, bundle: short, keys: false }))).to.equal(
        "FILE_DAMAGED",
      );
    }
  });

  it("without its manifest, or with a torn one, is none", () => {
    const [gone, torn] = [ground.copyOf(ground.second), ground.copyOf(ground.second)];
    rmSync(join(gone, "manifest.json"));
    writeFileSync(join(torn, "manifest.json"), readFileSync(join(torn, "manifest.json")).subarray(0, 300));
    expect([ground.importing(gone), ground.importing(torn), ground.importing(ground.at("nowhere"))]).to.deep.equal([
      "NO_BUNDLE",
      "MANIFEST_INVALID",
      "NO_BUNDLE",
    ]);
  });

  it("with a segment missing is refused, also where the manifest does not speak of it", () => {
    const [file, segment] = [ground.copyOf(ground.second), ground.copyOf(ground.second)];
    rmSync(join(file, "000001.record.ndjson"));
    expect(ground.importing(file)).to.equal("FILE_MISSING");
    expect(refusal(() => exportBundle({ dataDir: ground.dataDir, bundle: file, keys: false }))).to.equal(
      "FILE_MISSING",
    );
    forge(segment, ({ segments, ...rest }) => ({ ...rest, segments: segments.slice(1) }));
    expect(ground.importing(segment)).to.equal("MANIFEST_INVALID");
  });

  it("with its segments swapped is refused: their files, their entries, or both", () => {
    const swapFiles = (bundle: string) => {
      for (const [from, to] of [
        ["000001.record.ndjson", "x"],
        ["000002.record.ndjson", "000001.record.ndjson"],
        ["x", "000002.record.ndjson"],
      ] as const)
        renameSync(join(bundle, from), join(bundle, to));
    };
    const swapRecords = (bundle: string) =>
      forge(bundle, ({ segments: [one, two], ...rest }) => ({
        ...rest,
        segments: [
          { ...one!, record: { ...two!.record, file: one!.record.file } },
          { ...two!, record: { ...one!.record, file: two!.record.file } },
        ],
      }));
    const swapEntries = (bundle: string) =>
      forge(bundle, ({ segments: [one, two], ...rest }) => ({ ...rest, segments: [two!, one!] }));
    const swapped = (...changes: ((bundle: string) => void)[]) => {
      const bundle = ground.copyOf(ground.second);
      for (const change of changes) change(bundle);
      return ground.importing(bundle);
    };
    expect([swapped(swapFiles), swapped(swapEntries), swapped(swapFiles, swapRecords)]).to.deep.equal([
      "FILE_DAMAGED",
      "MANIFEST_INVALID",
      "ORDER_BROKEN",
    ]);
  });

  it("whose manifest says other counts than its files have is refused", () => {
    const changed = (change: (manifest: Manifest) => Manifest) => {
      const bundle = ground.copyOf(ground.second);
      forge(bundle, change);
      return ground.importing(bundle);
    };
    const oneMore = (rows: Readonly<Record<string, number>>, name: string) => ({ ...rows, [name]: rows[name]! + 1 });
    const lastOf = (manifest: Manifest, more: object) => ({
      ...manifest,
      segments: manifest.segments.with(-1, { ...manifest.segments.at(-1)!, ...more }),
    });
    expect([
      changed((m) =>
        lastOf(m, { record: { ...m.segments[1]!.record, rows: oneMore(m.segments[1]!.record.rows, "deltas") } }),
      ),
      changed((m) => ({ ...m, state: { ...m.state, rows: oneMore(m.state.rows, "usage") } })),
      changed((m) => lastOf(m, { through: { ...m.segments[1]!.through, delta: 16 } })),
      changed((m) => lastOf(m, { through: { ...m.segments[1]!.through, delta: 14 } })),
      changed((m) => lastOf(m, { from: { ...m.segments[1]!.from, delta: 8 } })),
      changed((m) => lastOf(m, { ends: m.segments[0]!.ends })),
      changed((m) => lastOf(m, { schema: 1_000 })),
    ]).to.deep.equal([
      "ROWS_MISSING",
      "ROWS_MISSING",
      "ROWS_MISSING",
      "ORDER_BROKEN",
      "ORDER_BROKEN",
      "OTHER_RECORD",
      "FORMAT_UNKNOWN",
    ]);
  });

  it("with a row that the schema does not take is refused with its line", () => {
    const changed = (find: RegExp, put: string) => {
      const bundle = ground.copyOf(ground.first);
      const file = join(bundle, "000001.record.ndjson");
      const text = readFileSync(file, "utf8").replace(find, put);
      writeFileSync(file, text);
      // The manifest of one who changes rows and knows how to hash.
      const bytes = Buffer.from(text);
      const sha256 = `0x${hashOf(bytes)}`;
      forge(bundle, ({ segments: [one], ...rest }) => ({
        ...rest,
        segments: [{ ...one!, record: { ...one!.record, bytes: bytes.length, sha256 } }],
      }));
      return ground.importing(bundle);
    };
    expect([
      changed(/\n\[1,1,1,/, "\n[1,1,0,"),
      changed(/\n\[1,1,1,/, '\n[1,1,"1",'),
      changed(/\n\[1,1,1,"/, '\n[1,1,1,"x",'),
      changed(/\n\[1,1,1,.*\n/, "\n"),
      changed(/\n\[2,1,2,/, "\n[1,1,2,"),
      changed(/"sequence"/, '"sequences"'),
      changed(/\n\[1,1,1,/, '\n{"table":"x"}\n[1,1,1,'),
    ]).to.deep.equal([
      "ROW_INVALID",
      "ROW_INVALID",
      "ROW_INVALID",
      "ROWS_MISSING",
      "ORDER_BROKEN",
      "ROW_INVALID",
      "ROWS_MISSING",
    ]);
  });
});
