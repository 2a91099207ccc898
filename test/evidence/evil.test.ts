import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { fromHex } from "#src/core/bytes.ts";
import { installKeccak } from "#src/core/keccak.ts";
import { policyText } from "#src/core/policy.ts";
import { STEP_FAILURES } from "#src/core/step-failures.ts";
import { verifyFile } from "#src/core/verify-file.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { openWitness } from "#src/witness/witness.ts";
import { runCommand } from "#test/cli/command.ts";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { overSqlite } from "#test/run/sqlite-only.ts";
import { read } from "#test/tidy/tree.ts";
import { auditOf, type FoundRow } from "./evil/audit.ts";
import {
  anchorDisputes,
  type DisputeName,
  type Held,
  ownNotesAgainst,
  provenBy,
  shownFile,
} from "./evil/dispute-scenes.ts";
import { textOf } from "./evil/forge.ts";
import { type Forged, forge, policyOf, type Shown, verdictOf } from "./evil/forgeries.ts";
import { type Ground, startGround } from "./evil/ground.ts";
import { startLyingRpc } from "./evil/liars.ts";
import type { Edit } from "./evil/operator.ts";
import { pythonVerdicts } from "./evil/parties.ts";
import {
  type Aftermath,
  anchorRewritten,
  type ChangedRecord,
  naiveRecord,
  type Objections,
  objectionsTo,
  receiptsOfRewritten,
  rederivation,
  shownOf,
  thoroughRecord,
  victimOf,
} from "./evil/record-scenes.ts";
import { guessed, opensWith, readableIn } from "./evil/secrets.ts";
import { type Deed, type How, MATRIX, type Party, type Row, trustTable } from "./matrix.ts";

/** What the server says of a root on the chain that is not its own. */
const OTHER_HAND = "somebody else uses the publisher's key";

/** Deeds to a record in which everything was computed anew. */
const REWRITTEN: readonly Deed[] = [
  "the end of a ledger is cut off, and everything computed anew",
  "the last delta of a statement's window is hidden, and everything computed anew",
  "a root that is in no record is anchored",
];

const ours = { verifyFile, openWitness };

describe("an operator who cheats", () => {
  let ground: Ground;
  let forged: Forged;
  let disputes: Record<DisputeName, Held>;
  let naive: { record: ChangedRecord; audit: FoundRow[]; objections: Objections };
  let thorough: { record: ChangedRecord; audit: FoundRow[]; shown: Record<Edit, Shown> };
  let aftermath: Aftermath;
  let python: Map<Shown, string>;

  /** Makes the records in which everything was computed anew, where that is done. */
  let rewrite: (() => Promise<void>) | undefined;

  before(async () => {
    installKeccak(await fastKeccak());
    ground = await startGround();
    forged = await forge(ground);
    disputes = await anchorDisputes(forged);
    const changed = await naiveRecord(ground);
    // The audit looks before the server does, which leaves its own traces.
    naive = { record: changed, audit: await auditOf(changed), objections: await objectionsTo(ground, changed) };
    await rewrite?.();
    const shown = threats.flatMap(({ rows }) =>
      rows.filter(({ noticed }) => noticed.python).flatMap(({ how }) => shownBy(how)),
    );
    const others = forged.forgeries.filter((forgery) => !forgery.heavy && !shown.includes(forgery));
    python = await pythonVerdicts([...shown, ...others]);
  });
  overSqlite("evil-rewritten", () => {
    rewrite = async () => {
      const rewritten = await thoroughRecord(ground, "anchored");
      thorough = {
        record: rewritten,
        audit: await auditOf(rewritten),
        shown: await receiptsOfRewritten(ground, rewritten),
      };
      aftermath = await anchorRewritten(ground);
    };

    it("leaves a record that an audit finds right where he rewrote it before it was anchored: only its customers know", () => {
      expect(codesIn(aftermath.audit)).to.deep.equal([]);
    });

    it("is stopped by the real server where he anchors a root of his own, which says why", () => {
      expect(aftermath.stray.halt).to.contain(OTHER_HAND);
    });
  });
  /** Whether it takes a record in which everything was computed anew. */
  const isRewritten = (how: How) =>
    "rows" in how ? how.rows === "thorough" : "deed" in how && REWRITTEN.includes(how.deed);
  const threats = MATRIX.map(({ somebody, rows }) => ({
    somebody,
    rows: rows.filter(({ how }) => rewrite !== undefined || !isRewritten(how)),
  }));
  after(async () => {
    await forged.stop();
    await ground.stop();
  });

  const memory = new Map<string, Shown[]>();
  /** The files that a cheat leaves in somebody's hands; the same objects each time. */
  function shownBy(how: How): Shown[] {
    const key = JSON.stringify(how);
    const found = memory.get(key) ?? filesOf(how);
    memory.set(key, found);
    return found;
  }

  function filesOf(how: How): Shown[] {
    if ("file" in how) return forged.forgeries.filter(({ name }) => name === how.file);
    if ("dispute" in how) return disputes[how.dispute].files.map((file) => shownFile(ground, forged, file));
    if ("rows" in how) {
      if (how.rows === "naive") return [];
      return [how.place === "anchored" ? thorough.shown[how.edit] : aftermath.shown[how.edit]];
    }
    if (how.deed !== "the server is taken down for good") return [];
    return Object.values(ground.files.checkpoints).map((bytes) => shownOf(ground, how.deed, bytes));
  }

  /** What each party says of a cheat: every code that it names. */
  const LOOK: Readonly<Record<Party, (how: How) => Promise<string[]>>> = {
    async verify(how) {
      const shown = shownBy(how);
      if ("deed" in how && shown.length === 0) return DEEDS[how.deed]("verify");
      return Promise.all(shown.map((one) => verdictOf(ours, one)));
    },
    python: async (how) => shownBy(how).map((shown) => python.get(shown) ?? "not asked"),
    async audit(how) {
      if ("deed" in how) return DEEDS[how.deed]("audit");
      if (!("rows" in how)) return [];
      const { audit } = how.rows === "naive" ? naive : thorough;
      const ledger = ledgerOf(victimOf(ground, how.edit, how.place));
      // A root is of all ledgers; a row is of one.
      return audit.filter(({ code, row }) => code === "ROOT_MISMATCH" || row.includes(ledger)).map(({ code }) => code);
    },
    async server(how) {
      if ("deed" in how) return DEEDS[how.deed]("server");
      if (!("rows" in how)) return [];
      if (how.place === "anchored") return [naive.objections.answers[how.edit]];
      const problem = await rederivation(ground, naive.record, victimOf(ground, how.edit, how.place));
      return problem === undefined ? [] : [problem];
    },
    contract: async (how) => ("deed" in how ? DEEDS[how.deed]("contract") : []),
    async notes(how) {
      if ("deed" in how) return DEEDS[how.deed]("notes");
      return "dispute" in how ? ownNotesAgainst(disputes[how.dispute]) : [];
    },
    prove: async (how) => ("dispute" in how ? provenBy(ground.chain.rpcUrl, disputes[how.dispute].files) : []),
    secrecy: async (how) => ("deed" in how ? DEEDS[how.deed]("secrecy") : []),
  };

  const codesIn = (found: readonly FoundRow[]) => found.map(({ code }) => code);
  const ledgerOf = (customerId: string) => `0x${ground.told[customerId]![0]!.recordId.split("_")[1]}`;
  /** The name of the contract's error. */
  const refusal = async (call: Promise<unknown>): Promise<string[]> => {
    const error = await call.catch((reason: unknown) => reason);
    return error instanceof Error ? [...error.message.matchAll(/(\w+)\(/g)].map(([, name]) => name!) : [];
  };

  const DEEDS: Readonly<Record<Deed, (party: Party) => Promise<string[]>>> = {
    "a column that no hash binds is changed": async () => codesIn(naive.audit),
    "the end of a ledger is cut off, and everything computed anew": async () => [aftermath.cut],
    "the last delta of a statement's window is hidden, and everything computed anew": async () =>
      codesIn(thorough.audit),
    "a root that is in no record is anchored": async (party) =>
      party === "audit"
        ? codesIn(aftermath.stray.audit)
        : [aftermath.stray.halt.includes(OTHER_HAND) ? OTHER_HAND : aftermath.stray.halt],
    "an anchor is sent again": () => refusal(forged.evil.appendAt(2n, new Uint8Array(32).fill(1), 1)),
    "an anchor is put over an earlier one": () => refusal(forged.evil.appendAt(1n, new Uint8Array(32).fill(1), 1)),
    "somebody else anchors in the log": () =>
      refusal(forged.evil.appendAt(5n, new Uint8Array(32).fill(1), 1, `0x${"11".repeat(20)}`)),
    "a leaf is asked for as a fingerprint": async () => naive.objections.toLeaf,
    "the API says that a changed amount is verified": async () => [naive.objections.lyingApi.verify],
    "one endpoint says what the file needs, and nobody else is asked": async () => [],
    "the database file is stolen": async () =>
      (await readableIn(ground)).length === 0 && !(await opensWith(ground, new Uint8Array(32).fill(9)))
        ? ["nothing readable"]
        : [],
    "the server is taken down for good": async () => [],
    "contents are guessed from their hashes": async () =>
      guessed(ground, () => [`0x${"00".repeat(32)}`, ""]) === 0 ? ["nothing found"] : [],
  };

  for (const { somebody, rows } of threats) {
    describe(`could ${somebody}`, () => {
      for (const row of rows) {
        for (const [party, code] of Object.entries(row.noticed) as [Party, string][]) {
          it(`${row.cheat}: ${party} says ${code}`, async () => {
            expect(await LOOK[party](row.how)).to.include(code);
          });
        }
        if (row.limit !== undefined) {
          it(`${row.cheat}: nobody notices`, async () => {
            expect(row.noticed).to.deep.equal({});
            expect(await alone(row)).to.equal("VERIFIED");
          });
        }
      }
    });
  }

  /** The lie that is named beside an honest endpoint, where the lying one is asked alone. */
  function alone(_row: Row): Promise<string> {
    const lie = forged.forgeries.find(({ name }) => name === "a lie of one endpoint beside an honest one")!;
    return verdictOf(ours, { ...lie, endpoints: lie.endpoints.slice(0, 1) });
  }

  it("is not accused where he is honest", async () => {
    const { blind, open, checkpoints } = ground.files;
    const files = [...Object.values(blind).flat(), ...Object.values(open).flat(), ...Object.values(checkpoints)];
    const shown = files.map((bytes, i) => shownOf(ground, `file ${i}`, bytes));
    const verdicts = await Promise.all(shown.map((one) => verdictOf(ours, one)));
    expect(new Set(verdicts)).to.deep.equal(new Set(["VERIFIED"]));
    const some = shown.filter((_, i) => i % 20 === 0);
    expect(new Set((await pythonVerdicts(some)).values())).to.deep.equal(new Set(["VERIFIED"]));
    expect(codesIn(await auditOf({ dir: await ground.copy(), rpcUrl: ground.chain.rpcUrl }))).to.deep.equal([]);
    const opens = Object.values(open).map(([bytes]) => JSON.parse(Buffer.from(bytes!).toString()));
    expect(await provenBy(ground.chain.rpcUrl, opens)).to.deep.equal([]);
  });

  it("has forged something for every failure that a verifier can name", () => {
    expect(new Set(forged.forgeries.map(({ code }) => code))).to.deep.equal(new Set(Object.keys(STEP_FAILURES)));
  });

  it("is named alike by both verifiers, whatever he forges", () => {
    for (const forgery of forged.forgeries.filter(({ heavy }) => !heavy))
      expect(python.get(forgery), forgery.name).to.equal(forgery.code);
  });

  it("meets the same from the commands, as anybody starts them", async () => {
    const dir = temporaryDirectory();
    const write = (name: string, bytes: Uint8Array | string) => {
      writeFileSync(join(dir, name), bytes);
      return join(dir, name);
    };
    for (const [lie, exit] of [
      ["a proof with its elements swapped", 14],
      ["a receipt of a twin contract with the same code", 16],
    ] as const) {
      const shown = forged.forgeries.find(({ name }) => name === lie)!;
      const policy = write("policy.json", policyText(policyOf(shown)!));
      const end = await runCommand("verify", write("lie.json", shown.bytes), "--policy", policy, "--json");
      expect([end.code, JSON.parse(end.output).failure], lie).to.deep.equal([exit, shown.code]);
    }
    const two = disputes["two histories for two parties"].files.map((file, i) => write(`${i}.json`, textOf(file)));
    const proof = await runCommand("prove", ...two, "--rpc", ground.chain.rpcUrl, "--dry-run", "--json");
    expect([proof.code, proof.output]).to.satisfy(
      ([code, text]: [number, string]) => code === 0 && text.includes("proveFork"),
    );
    removeDirectory(dir);
  });

  it("is stopped by the real server, which says why", () => {
    expect(naive.objections.halt).to.match(/^halted \(RECORD_DAMAGED\): (?:.* are missing|ledger 0x[0-9a-f]{40})/i);
  });

  it("can make an API say anything, and no file", () => {
    expect(naive.objections.lyingApi.verified).to.equal(true);
  });

  it("who stole the master key too can read contents, and who has the salt can show them", async () => {
    expect(await opensWith(ground, fromHex(ground.masterKey))).to.equal(true);
    expect(guessed(ground, ({ salt }) => [salt])).to.be.greaterThan(0);
  });

  it("is believed by nobody who asks two endpoints, whichever lies", async () => {
    const { bytes } = shownOf(ground, "an honest file", ground.files.checkpoints.first);
    const denier = await startLyingRpc(ground.chain.rpcUrl, (method, _params, result) =>
      method === "eth_call" ? `0x${"00".repeat(32)}` : result,
    );
    const asked = { ...shownOf(ground, "denied", bytes), endpoints: [ground.chain.rpcUrl, denier.url] };
    expect(await verdictOf(ours, asked)).to.equal("ENDPOINTS_DISAGREE");
    await denier.stop();
  });
});

describe("the matrix of who notices", () => {
  const rows = MATRIX.flatMap((threat) => threat.rows);

  it("leaves no cheat unnoticed without saying so", () => {
    const silent = rows.filter(({ noticed, limit }) => Object.keys(noticed).length === 0 && limit === undefined);
    expect(silent.map(({ cheat }) => cheat)).to.deep.equal([]);
  });

  it("has both verifiers agree", () => {
    for (const { cheat, noticed, how } of rows)
      if (!("deed" in how)) expect(noticed.python, cheat).to.equal(noticed.verify);
  });

  it("has each cheat once", () => {
    expect(new Set(rows.map(({ cheat }) => cheat)).size).to.equal(rows.length);
  });

  it("is what the README shows", () => {
    expect(read("README.md")).to.contain(trustTable());
  });
});
