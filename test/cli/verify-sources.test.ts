import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { compiledCodeHash } from "#src/chain/compiled-code.ts";
import { checksumAddress } from "#src/core/address.ts";
import { toHex } from "#src/core/bytes.ts";
import { decodePolicy, policyText } from "#src/core/policy.ts";
import { MAX_FILE_BYTES } from "#src/core/strict-json.ts";
import { type EvidenceGround, run, startEvidenceGround } from "#test/cli/verify-ground.ts";
import { type Members, read, send } from "#test/http/call.ts";
import { about, type Lie, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";

type Page = { status?: number; headers?: Record<string, string>; body?: string | Uint8Array };

describe("where tallyroot verify and policy take things from", () => {
  let ground: EvidenceGround;
  let liar: LyingEndpoint;
  /** A web server that answers whatever a test puts at its paths. */
  let web: Server;
  let origin: string;
  const pages = new Map<string, Page>();

  before(async () => {
    ground = await startEvidenceGround();
    liar = await startLyingEndpoint(ground.server.rpcUrl);
    web = createServer((request, response) => {
      const { status = 200, headers, body } = pages.get(request.url!) ?? { status: 404 };
      response.writeHead(status, headers).end(body);
    });
    web.listen(0, "127.0.0.1");
    await once(web, "listening");
    origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  });
  after(async () => {
    liar.stop();
    web.closeAllConnections();
    web.close();
    await ground.stop();
  });

  const text = (name: string) => readFileSync(join(ground.folder, name), "utf8");
  /** Exit code and failure. */
  async function judged(...words: string[]): Promise<string> {
    const { code, output } = await ground.verify(...words, "--json");
    return output === "" ? `${code}` : `${code} ${JSON.parse(output).failure ?? "-"}`;
  }

  describe("a URL", () => {
    it("of a page or of the API stands for the receipt that it is about", async () => {
      const { server, delta, checkpoint } = ground;
      const about = [
        `${server.url}/verify/${delta.receiptId}`,
        `${server.url}/verify/${checkpoint.proofRoot}/`,
        `${server.url}/api/v1/verify/${delta.receiptId}?source=db`,
        `${server.url}/api/v1/receipt/${checkpoint.proofRoot}`,
      ];
      for (const url of about) expect(await judged(url, "--policy", "policy.json"), url).to.equal("0 -");
      const listed = await ground.verify(`${server.url}/verify/${checkpoint.proofRoot}?deltas=true`, "--json");
      expect(JSON.parse(listed.output).steps[3]).to.include({ outcome: "passed" });
    });

    it("expects the fingerprint that is in it: another genuine receipt is refused", async () => {
      const { delta, checkpoint } = ground;
      pages.set(`/api/v1/receipt/${delta.receiptId}`, { body: text("blind.json") });
      pages.set(`/api/v1/receipt/${checkpoint.proofRoot}`, { body: text("blind.json") });
      pages.set(`/below/api/v1/receipt/${checkpoint.proofRoot}`, { body: text("blind.json") });
      expect(await judged(`${origin}/verify/${delta.receiptId}`)).to.equal("4 -");
      for (const path of ["/verify", "/below/verify", "/api/v1/receipt"])
        expect(await judged(`${origin}${path}/${checkpoint.proofRoot}`), path).to.equal("13 FINGERPRINT_NOT_EXPECTED");
      pages.set(`/api/v1/receipt/${checkpoint.proofRoot}`, { body: text("consistency.json") });
      expect(await judged(`${origin}/verify/${checkpoint.proofRoot}`)).to.equal("2");
    });

    it("of anything else is fetched as it is", async () => {
      pages.set("/files/mine.json", { body: text("consistency.json") });
      pages.set("/page.html", { body: "<html></html>" });
      expect(await judged(`${origin}/files/mine.json`)).to.equal("4 -");
      expect(await judged(`${origin}/page.html`)).to.equal("11 SHAPE_INVALID");
    });

    it("is followed to where it redirects, but not to another scheme, nor for ever", async () => {
      pages.set("/moved", { status: 302, headers: { location: "/files/there.json" } });
      pages.set("/files/there.json", { body: text("blind.json") });
      pages.set("/https", { status: 301, headers: { location: "https://127.0.0.1:9/x" } });
      pages.set("/file", { status: 302, headers: { location: "file:///etc/hostname" } });
      pages.set("/round", { status: 307, headers: { location: "/round" } });
      pages.set("/nowhere", { status: 302, headers: { location: "http://[" } });
      expect(await judged(`${origin}/moved`)).to.equal("4 -");
      const refused: [path: string, why: RegExp][] = [
        ["/https", /redirects to another scheme: https:\/\/127\.0\.0\.1:9\n/],
        ["/file", /redirects to another scheme: file:/],
        ["/round", /redirects more than 5 times/],
        ["/nowhere", /redirects to something that is no URL/],
      ];
      for (const [path, why] of refused) {
        const { code, errors } = await ground.verify(`${origin}${path}`);
        expect([code, why.test(errors)], errors).to.deep.equal([2, true]);
      }
    });

    it("that gives no file ends with 2 and the reason, in the server's words where it has some", async () => {
      const { server } = ground;
      pages.set("/long", { body: new Uint8Array(MAX_FILE_BYTES + 1) });
      const refused: [url: string, why: RegExp][] = [
        [`${server.url}/verify/0x${"12".repeat(32)}`, /status 404: ".+"/],
        [`${origin}/missing`, /\/missing answers with status 404\n/],
        [`${origin}/long`, /more than 67108864 bytes/],
        ["http://127.0.0.1:9/receipt.json", /cannot be fetched: \w+/],
        [origin.replace("//", "//me:secret@"), /cannot be fetched: .*credentials/],
        ["http://[", /is not a URL/],
      ];
      for (const [url, why] of refused) {
        const { code, output, errors } = await ground.verify(url);
        expect([code, output], url).to.deep.equal([2, ""]);
        expect(errors).to.match(why);
      }
    });
  });

  it("a file longer than 64 MiB is refused by its shape, and read no further", async () => {
    expect(await judged("/dev/zero")).to.equal("11 SHAPE_INVALID");
  });

  describe("an own copy of the ledger", () => {
    let api: Members[];

    before(async () => {
      const target = { url: ground.server.url, key: ground.history.keys.write };
      api = (await read(target, "/balance/derive/a?limit=1000")).deltas;
    });

    const row = ({ sequence, deltaExact, balanceExact, recordedAt, commitment }: Members) => ({
      sequence,
      delta: deltaExact,
      balance: balanceExact,
      recordedAt,
      commitment,
    });
    const csv = (columns: readonly string[], rows: readonly Members[]) =>
      [columns, ...rows.map((cells) => columns.map((column) => cells[column]))].join("\n");
    const ndjson = (lines: readonly unknown[]) => lines.map((line) => JSON.stringify(line)).join("\n");
    const step4 = async (file: string, own: string) => {
      const { output } = await ground.verify(file, "--deltas", own, "--json");
      return JSON.parse(output).steps[3] as Members;
    };
    const whole = ["sequence", "delta", "balance", "recordedAt", "commitment"];

    it("in any form gives the checkpoint's root and sums", async () => {
      const receipts = await Promise.all(
        api
          .filter(({ recordedAt }) => recordedAt.startsWith("2025-02"))
          .map(async ({ receiptId }) => {
            const { text } = await send(ground.server.url, { path: `/api/v1/receipt/${receiptId}` });
            return JSON.parse(text) as Members;
          }),
      );
      const millis = api.map((delta) => ({ ...row(delta), recordedAt: Date.parse(delta.recordedAt) }));
      const copies = [
        ground.write("api.ndjson", ndjson(api)),
        ground.write("receipts.ndjson", `${ndjson(receipts)}\n\n`),
        ground.write("deltas.ndjson", ndjson(ground.json("listed.json").deltas)),
        ground.write("own.csv", csv(whole, api.map(row))),
        ground.write("backwards.csv", `\ufeff${csv(["note", ...whole], millis.toReversed())}\n`),
      ];
      for (const own of copies) {
        const step = await step4("checkpoint.json", own);
        expect(step, own).to.include({ outcome: "passed" });
        expect(step.detail).to.match(/gives the window's root, count and balances$/);
      }
      expect(await judged("listed.json", "--policy", "policy.json", "--deltas", "own.csv")).to.equal("0 -");
    });

    it("without commitments gives the sums, and the report says that the root was not recomputed", async () => {
      const bare = csv(["sequence", "delta", "recordedAt"], api.map(row));
      const step = await step4("checkpoint.json", ground.write("bare.csv", bare));
      expect(step).to.include({ outcome: "passed" });
      expect(step.detail).to.contain("its root was not recomputed");
    });

    it("that differs refuses the checkpoint at step 4, and names the first row", async () => {
      const inside = api.findIndex(({ recordedAt }) => recordedAt.startsWith("2025-02")) + 2;
      const { sequence } = api[inside]!;
      const differing = (name: string, change: (rows: Members[]) => void) => {
        const rows = api.map(row);
        change(rows);
        return ground.write(name, csv(whole, rows));
      };
      const copies = [
        differing("amount.csv", (rows) => Object.assign(rows[inside]!, { delta: "0.01" })),
        differing("missing.csv", (rows) => void rows.splice(inside, 1)),
        differing("twice.csv", (rows) => void rows.push(rows[inside]!)),
        differing("late.csv", (rows) => Object.assign(rows[inside]!, { recordedAt: "2025-07-01T00:00:00Z" })),
      ];
      for (const own of copies)
        for (const file of ["checkpoint.json", "listed.json"]) {
          const { code, output } = await ground.verify(file, "--deltas", own);
          expect(code, own).to.equal(14);
          expect(output).to.match(new RegExp(`FAIL 4 ledger +CHECKPOINT_CONTRADICTION: .*delta ${sequence}\\b`));
          expect(output).to.contain("5 anchor      not reached");
        }
    });

    it("that cannot be read is named by its line; it is for checkpoints only", async () => {
      const line = JSON.stringify(api[0]);
      const strange = checksumAddress(Buffer.alloc(20, 7));
      const wrong: [own: string, why: RegExp][] = [
        [ground.write("short.csv", "sequence,amount,recordedAt\n1,5"), /neither NDJSON nor CSV/],
        [ground.write("amount.csv", "sequence,amount,recordedAt\n1,five,0"), /line 2: an amount must be/],
        [ground.write("none.csv", "sequence,recordedAt\n1,0"), /line 2: amount: must be there/],
        [ground.write("both.csv", "sequence,amount,delta,recordedAt\n1,5,5,0"), /line 2: amount: .*delta/],
        [ground.write("time.csv", "sequence,amount,recordedAt\n1,5,yesterday"), /line 2: recordedAt/],
        [ground.write("date.csv", "sequence,amount,recordedAt\n1,5,2025-13-01T00:00:00Z"), /line 2: recordedAt/],
        [ground.write("no.ndjson", `${line}\n{"sequence"`), /line 2: the file is not JSON/],
        [
          ground.write("other.ndjson", line.replace(/"ledgerIdentifier":"[^"]+"/, '"ledgerIdentifier":"0x"')),
          /line 1: ledger/,
        ],
        [
          ground.write("strange.ndjson", ndjson([{ ...ground.json("listed.json").deltas[0], ledger: strange }])),
          /line 1: ledger: is another/,
        ],
        [ground.write("kind.ndjson", ndjson([ground.json("checkpoint.json")])), /line 1: kind/],
        [ground.write("delta.ndjson", ndjson([{ sequence: "1" }])), /line 1: /],
        ["nowhere.csv", /cannot be read/],
      ];
      for (const [own, why] of wrong) {
        const { code, errors } = await ground.verify("checkpoint.json", "--deltas", own);
        expect(code, own).to.equal(2);
        expect(errors).to.match(why);
      }
      expect(await judged("blind.json", "--deltas", "own.csv")).to.equal("2");
      expect(await judged(ground.write("empty.json", "{}"), "--deltas", "own.csv")).to.equal("11 SHAPE_INVALID");
    });
  });

  describe("a policy", () => {
    it("of a server has its place, the code as it is compiled here, and says whose word is what", async () => {
      const { server, policy } = ground;
      const { code, output, errors } = await ground.makePolicy(server.url, "--rpc", server.rpcUrl);
      expect(code).to.equal(0);
      const { namespace: _, ...pinned } = policy;
      expect(decodePolicy(JSON.parse(output))).to.deep.equal({ ...pinned, codeHash: compiledCodeHash() });
      expect(errors)
        .to.match(/the word of the server at 127\.0\.0\.1:\d+\. Confirm them by another way/)
        .and.match(/computed here .*\n {2}the chain has it at the contract, which knows the log/);
      ground.write("made.json", output);
      expect(await judged("blind.json", "--policy", "made.json")).to.equal("0 -");
    });

    it("of a receipt has its place, and its namespace where it is open", async () => {
      const { policy } = ground;
      const open = await ground.makePolicy("open.json", "--confirmations", "3");
      expect(decodePolicy(JSON.parse(open.output))).to.deep.equal({ ...policy, rpc: [], confirmations: 3 });
      expect(open.errors)
        .to.match(/the word of the file/)
        .and.match(/Not compared with a chain/);
      expect(open.errors).to.contain(checksumAddress(policy.namespace!));
      const { namespace: _, ...pinned } = policy;
      for (const file of ["blind.json", "checkpoint.json", "consistency.json"]) {
        const { output } = await ground.makePolicy(file);
        expect(decodePolicy(JSON.parse(output)), file).to.deep.equal({ ...pinned, rpc: [] });
      }
    });

    it("is written where it is asked for, and over nothing", async () => {
      const { folder, server, policy } = ground;
      const words = ["blind.json", "--rpc", server.rpcUrl, "--out", "fresh-policy.json"];
      expect(await run("policy", words, folder)).to.include({ code: 0, output: "" });
      const { namespace: _, ...pinned } = policy;
      expect(text("fresh-policy.json")).to.equal(policyText(pinned));
      const again = await ground.makePolicy("blind.json", "--out", "fresh-policy.json");
      expect(again).to.deep.include({ code: 2, output: "" });
      expect(again.errors).to.contain("a policy is not overwritten");
      const nowhere = await ground.makePolicy("blind.json", "--out", join(folder, "no", "policy.json"));
      expect([nowhere.code, /cannot be written/.test(nowhere.errors)]).to.deep.equal([2, true]);
    });

    it("is not made where an endpoint contradicts its source, or does not answer", async () => {
      const { server } = ground;
      const refusal = async (lie: Lie, ...more: string[]) => {
        liar.lie = lie;
        const { code, output, errors } = await ground.makePolicy("blind.json", "--rpc", liar.url, ...more);
        expect(output).to.equal("");
        expect(errors).to.match(/^tallyroot policy: nothing was written: /);
        return `${code} ${/[A-Z]+_[A-Z]+/.exec(errors)?.[0] ?? ""}`;
      };
      expect(await refusal(about("eth_chainId", () => "0x1"))).to.equal("16 CHAIN_MISMATCH");
      expect(await refusal(about("eth_getCode", () => "0x"))).to.equal("16 CODE_MISMATCH");
      expect(await refusal(about("eth_call", () => `0x${"00".repeat(32)}`))).to.equal("16 LOG_UNKNOWN");
      expect(
        await refusal(
          about("eth_getCode", () => "0x"),
          "--rpc",
          server.rpcUrl,
        ),
      ).to.equal("16 ENDPOINTS_DISAGREE");
      expect(await refusal(about("eth_call", () => "0x"))).to.equal("3 ");
      expect(await refusal(() => ({ status: 500, body: "" }))).to.equal("3 ");
    });

    it("is not made of what is no such server and no evidence; a server's other code is pointed out", async () => {
      const place = await read({ url: ground.server.url }, "/chain");
      pages.set("/api/v1/chain", {
        body: JSON.stringify({ success: true, data: { ...place, codeHash: toHex(Buffer.alloc(32)) } }),
      });
      expect((await ground.makePolicy(origin)).errors).to.match(/says that it is 0x0{64}: receipts will be refused/);
      pages.set("/api/v1/chain", { body: JSON.stringify({ data: { ...place, chainId: "1" } }) });
      const forged = ground.json("blind.json");
      forged.delta.amount += "0";
      const cases: [words: string[], why: RegExp][] = [
        [[origin], /no such server: data\.chainId/],
        [[`${origin}/x`, "--rpc", "x"], /is not an http or https URL/],
        [["http://127.0.0.1:9"], /cannot be fetched/],
        [["http://["], /is not a URL/],
        [[ground.write("forged.json", forged)], /no evidence: FINGERPRINT_MISMATCH/],
        [["nowhere.json"], /cannot be read/],
        [[], /name one URL or receipt file/],
        [["blind.json", "--confirmations", "x"], /--confirmations/],
      ];
      for (const [words, why] of cases) {
        const { code, output, errors } = await ground.makePolicy(...words);
        expect([code, output], words.join(" ")).to.deep.equal([2, ""]);
        expect(errors).to.match(why);
      }
      pages.set("/api/v1/chain", { body: "<html>" });
      expect((await ground.makePolicy(origin)).errors).to.match(/no such server: the file is not JSON/);
      expect((await ground.makePolicy("--help")).output).to.contain("Exit codes:");
    });
  });
});
