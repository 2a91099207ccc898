import { join } from "node:path";
import { expect } from "chai";
import { type PostgresServer, startPostgres } from "../../scripts/postgres.ts";
import type { Fault } from "../../scripts/survive/drill.ts";
import type { Told } from "../../scripts/survive/simulate/many.ts";
import { makePlace } from "../../scripts/survive/simulate/place.ts";
import { runInProcess, simulate } from "../../scripts/survive/simulate/simulate.ts";

/** Runs that once ended badly, by their seeds, and what it was that they met. */
const MET: ReadonlyArray<readonly [seed: number, what: string]> = [
  [
    80,
    "a reorganisation within a round gave an anchor another block while the next one became final, and nobody looked for it again",
  ],
  [
    4,
    "a clock that was set back let a delta into a window that a statement had closed, so that an audit took the statement for a lie",
  ],
  [
    2069,
    "a batch that was killed before its end was noted had it noted by nobody, so another batch under its key failed item by item rather than as a whole",
  ],
];
/** The first run of the small size: any will do. */
const FIRST = 1_000_000;
/** Runs over PostgreSQL: each commit is an answer of another process there. */
const OVER_POSTGRES = 8;

describe("random commands against a model of the ledger", () => {
  const { dir, remove } = makePlace();
  const { signal } = new AbortController();
  let faults: Fault[];
  let met: Told[];
  let again: Told[];

  before(async function () {
    this.timeout(900_000);
    faults = await simulate.run({ full: false, seed: FIRST, dir, signal, say: () => {} });
    const seeds = MET.map(([seed]) => seed);
    met = await runInProcess({ signal }, join(dir, "met"), [...seeds, FIRST]);
    again = await runInProcess({ signal }, join(dir, "again"), [FIRST, FIRST]);
  });
  after(remove);

  it("come out as the model has them, after every command and at the end of every run", () => {
    const [runs] = faults;
    expect(runs?.failures).to.deep.equal([]);
    expect(runs?.tries).to.equal(61);
    expect(runs?.figures.commands).to.be.at.least(61 * 40);
  });

  it("come with every kind of trouble", () => {
    expect(faults.filter(({ tries }) => tries === 0)).to.deep.equal([]);
    const { "kills within commands, kept": kept, "kills within commands, lost": lost } = faults.find(
      ({ name }) => name === "killed within a command",
    )!.figures;
    expect(kept, "cut off after they were on disk").to.be.greaterThan(0);
    expect(lost, "cut off before they were on disk").to.be.greaterThan(0);
  });

  it("do the same again with the same seed, in whichever process and after whatever else", () => {
    const hash = met.at(-1)?.hash;
    expect(hash).to.match(/^[0-9a-f]{64}$/);
    expect(again).to.deep.equal([met.at(-1), met.at(-1)]);
    expect(hash, "another seed").not.to.equal(met[0]?.hash);
  });

  for (const [i, [seed, what]] of MET.entries())
    it(`no longer meet this, in run ${seed}: ${what}`, () => expect(met[i]?.failure).to.equal(undefined));
});

describe("random commands against a model of the ledger, over PostgreSQL", () => {
  const { dir, remove } = makePlace();
  const { signal } = new AbortController();
  const seeds = [...MET.map(([seed]) => seed), ...Array.from({ length: OVER_POSTGRES }, (_, i) => FIRST + i), FIRST];
  let server: PostgresServer;
  let told: Told[];

  before(async function () {
    this.timeout(900_000);
    server = await startPostgres(dir, { fsync: "off" });
    told = await runInProcess({ signal }, join(dir, "runs"), seeds, server.urlOf("postgres"));
  });
  after(async () => {
    await server?.stop();
    remove();
  });

  it("come out as the model has them", () => {
    expect(told.filter(({ failure }) => failure !== undefined)).to.deep.equal([]);
    expect(told.map(({ seed }) => seed)).to.deep.equal(seeds);
  });

  it("come with kills between and within commands, restarts, and trouble of the chain", () => {
    const total = (name: string) => told.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);
    const brought = [
      "kills between commands",
      "kills within commands, kept",
      "rounds killed",
      "restarts",
      "retries",
      "clock turned",
      "reorganisations",
      "erasures",
    ];
    expect(brought.filter((name) => total(name) === 0)).to.deep.equal([]);
    expect(total("kills within commands, lost"), "what was answered is committed").to.equal(0);
  });

  it("do the same again with the same seed", () => {
    const [first, again] = told.filter(({ seed }) => seed === FIRST);
    expect(again?.hash).to.equal(first?.hash);
  });
});
