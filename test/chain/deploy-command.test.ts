import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import * as Keystore from "ox/Keystore";
import { formatGwei, type Hex, keccak256, toHex } from "viem";
import { DEPLOYER, DEPLOYMENT_SALT, deterministicAddress } from "#src/chain/deterministic-address.ts";
import { anchorLogCodeHash } from "#src/contracts.ts";
import { checksumAddress } from "#src/core/address.ts";
import { type CommandEnd, runCommand, runHere } from "#test/cli/command.ts";
import { verificationFiles } from "../../scripts/verification-input.ts";
import { PUBLISHER, PUBLISHER_KEY, temporaryDirectory } from "./embedded-fixture.ts";
import { type ForeignNetwork, POOR_KEY, startForeignNetwork } from "./foreign-network.ts";

const ADDRESS = checksumAddress(deterministicAddress());
const CHAIN = 710_100;
const PASSWORD = "correct horse";
const DEPLOYMENTS = fileURLToPath(new URL("../../contracts/deployments/", import.meta.url));

type Solc = { compile(input: string): string };
type Output = {
  errors?: { severity: string; message: string }[];
  contracts: Record<string, Record<string, { metadata: string; evm: { deployedBytecode: { object: string } } }>>;
};

describe("the command deploy", () => {
  const folder = temporaryDirectory();
  let network: ForeignNetwork;
  let keyFile: string;

  const file = (name: string, text: string) => {
    writeFileSync(join(folder.dir, name), text, { mode: 0o600 });
    return join(folder.dir, name);
  };
  const out = (name: string) => join(folder.dir, name);
  const words = (...more: string[]) => ["deploy", "--rpc", network.rpcUrl, ...more];
  const json = ({ code, output, errors }: CommandEnd) => {
    expect({ code, errors }).to.deep.equal({ code: 0, errors: "" });
    return JSON.parse(output);
  };
  const height = () => network.client.getBlockNumber();

  before(async () => {
    network = await startForeignNetwork(CHAIN);
    keyFile = file("key", `${PUBLISHER_KEY}\n`);
  });
  after(async () => {
    await network.stop();
    folder.remove();
  });

  it("says in one sentence what is wrong, and sends nothing", async () => {
    const poor = file("poor", POOR_KEY);
    const record = ["--out", out("never.json")];
    for (const [more, code, says] of [
      [["--key-file", poor], 1, /^tallyroot deploy: 0x\w{40} has 0 ether on chain 710100, [^\n]*: send it more\n$/],
      [["--key-file", keyFile, "--chain-id", "1"], 1, /is of chain 710100, not of chain 1: nothing was sent\n$/],
      [["--key-file", file("no", "0x1")], 2, /the content of \S+ is not a private key of 32 bytes in hex\n$/],
      [["--key-file", keyFile, "--key-command", "cat key"], 2, /give one of --key-file, --keystore and --key-command/],
      [["--keystore", keyFile], 2, /--keystore and --password-file go together/],
      [["--key-command", "cat 'a key'"], 2, /no shell reads it/],
      [["--key-file", keyFile, "--chain-id", "one"], 2, /--chain-id takes a whole number/],
      [["--key-file", keyFile, "--max-fee-gwei", "-1"], 2, /--max-fee-gwei must be gwei as a decimal number/],
      [["--key-file", keyFile, "--max-fee-gwei", "0.000000001"], 3, /asks [\d.]+ gwei per gas, [^\n]* is 0.000000001:/],
    ] as const) {
      const end = await runHere(words(...more, ...record));
      expect([end.code, end.output], end.errors).to.deep.equal([code, ""]);
      expect(end.errors)
        .to.match(says)
        .and.to.match(/^[^\n]+\n$/);
    }
    const away = await runHere(["deploy", "--rpc", "http://127.0.0.1:2", "--key-file", keyFile]);
    expect([away.code, away.output]).to.deep.equal([3, ""]);
    expect(await height()).to.equal(0n);
    expect(existsSync(out("never.json"))).to.equal(false);
  });

  it("puts the contract at its address and writes down all of it; again it sends nothing, and the record stays", async () => {
    const more = ["--key-file", keyFile, "--chain-id", String(CHAIN), "--out", out("record.json")];
    const end = await runCommand(...words(...more, "--json"));
    expect(end.output).not.to.include(PUBLISHER_KEY.slice(2));
    const { outcome, record, verification, ...recorded } = json(end);
    expect({ outcome, record }).to.deep.equal({ outcome: "deployed", record: out("record.json") });
    const text = readFileSync(out("record.json"), "utf8");
    expect(JSON.parse(text)).to.deep.equal(recorded);
    expect(recorded).to.deep.include({
      chainId: CHAIN,
      contract: ADDRESS,
      codeHash: anchorLogCodeHash,
      sender: PUBLISHER.address,
      deployer: DEPLOYER,
      salt: DEPLOYMENT_SALT,
    });
    expect(recorded.compiler.version).to.match(/^0\.\d+\.\d+\+commit\.[0-9a-f]{8}$/);
    expect(recorded.compiler.settings).to.deep.include({ optimizer: { enabled: true, runs: 1_000_000 } });
    const { blockNumber, status } = await network.client.getTransactionReceipt({ hash: recorded.transactionHash });
    expect([Number(blockNumber), status]).to.deep.equal([recorded.blockNumber, "success"]);
    // Somebody may add to it what belongs there.
    const noted = JSON.stringify({ ...JSON.parse(text), note: "deployed on a Sunday" });
    writeFileSync(out("record.json"), noted);
    const before = await height();
    const again = await runHere(words(...more));
    expect(again).to.include({ code: 0, errors: "" });
    expect(again.output).to.match(/^AnchorLog was at 0x\w{40} on chain 710100 already, .*: nothing was sent\.\n/);
    expect(again.output)
      .to.contain(recorded.transactionHash)
      .and.to.match(/TALLYROOT_RPC_URL=…\n$/);
    expect(await height()).to.equal(before);
    expect(readFileSync(out("record.json"), "utf8")).to.equal(noted);
  });

  it("asks the next endpoint where one is away, and pays no more than it may", async () => {
    const { maxFeePerGas: asked, maxPriorityFeePerGas: tip } = await network.client.estimateFeesPerGas();
    // Above the price of now, and below what is offered where there is no limit.
    const most = ((asked - tip) / 12n) * 11n + tip;
    const words = ["deploy", "--rpc", `http://127.0.0.1:2, ${network.rpcUrl}`, "--plain", "--json"];
    const end = await runHere([...words, "--key-file", keyFile, "--out", out("second.json")], {
      TALLYROOT_MAX_FEE_GWEI: formatGwei(most),
    });
    const { chainId, transactionHash } = json(end);
    const { maxFeePerGas } = await network.client.getTransaction({ hash: transactionHash });
    expect([chainId, maxFeePerGas]).to.deep.equal([CHAIN, most]);
  });

  it("takes the key from a keystore, a command and the settings of a server, and shows it nowhere", async () => {
    const [key, options] = Keystore.scrypt({ password: PASSWORD, n: 2, r: 8, p: 1, iv: new Uint8Array(16).fill(1) });
    const keystore = file("keystore.json", JSON.stringify(Keystore.encrypt(PUBLISHER_KEY, key, options)));
    const password = file("password", `${PASSWORD}\n`);
    const ways: readonly (readonly [more: string[], env: Record<string, string>])[] = [
      [["--keystore", keystore, "--password-file", password], {}],
      [["--key-command", `cat ${keyFile}`], {}],
      [[], { TALLYROOT_PUBLISHER_KEY: PUBLISHER_KEY }],
      [[], { TALLYROOT_PUBLISHER_KEYSTORE: keystore, TALLYROOT_PUBLISHER_KEYSTORE_PASSWORD_FILE: password }],
      [[], { TALLYROOT_PUBLISHER_KEY_COMMAND: `["cat", "${keyFile}"]` }],
    ];
    for (const [i, [more, env]] of ways.entries()) {
      const record = out(`plain-${i}.json`);
      const end = await runHere(words("--plain", "--json", "--out", record, ...more), {
        PATH: process.env.PATH!,
        ...env,
      });
      expect(json(end)).to.include({ outcome: "deployed", sender: PUBLISHER.address, deployer: null, salt: null });
      for (const text of [end.output, readFileSync(record, "utf8")])
        expect(text).not.to.include(PUBLISHER_KEY.slice(2)).and.not.include(PASSWORD);
    }
    const wrong = await runHere(words("--keystore", keystore, "--password-file", keyFile));
    expect([wrong.code, wrong.output]).to.deep.equal([2, ""]);
    expect(wrong.errors)
      .to.match(/the password does not open/)
      .and.not.include(PUBLISHER_KEY.slice(2));
  });

  it("knows a plain deployment by its record, and takes no record for another's", async () => {
    const more = ["--plain", "--json", "--key-file", keyFile, "--out", out("own.json")];
    const first = json(await runHere(words(...more)));
    expect(first).to.include({ outcome: "deployed", codeHash: anchorLogCodeHash });
    const before = await height();
    expect(json(await runHere(words(...more)))).to.deep.equal({ ...first, outcome: "there" });
    const other = await runHere(words("--key-file", keyFile, "--out", out("own.json")));
    expect(other.code).to.equal(2);
    expect(other.errors).to.match(/own\.json is the record of 0x\w{40}, and this would be 0x\w{40}: choose another/);
    for (const text of ["{}", "no", JSON.stringify({ ...first, chainId: 1 })]) {
      const foreign = await runHere(words("--key-file", keyFile, "--out", file("foreign.json", text)));
      expect([foreign.code, foreign.output], text).to.deep.equal([2, ""]);
    }
    writeFileSync(out("own.json"), JSON.stringify({ ...first, contract: `0x${"ab".repeat(20)}` }));
    const gone = await runHere(words(...more));
    expect(gone.code).to.equal(1);
    expect(gone.errors).to.match(/nothing is there: is this the same chain 710100\?/);
    expect(await height()).to.equal(before);
  });

  it("keeps its record in a clone under the chain's id", async () => {
    const record = join(DEPLOYMENTS, `${CHAIN}.json`);
    try {
      expect(json(await runHere(words("--key-file", keyFile, "--json")))).to.include({ record, outcome: "there" });
      expect(JSON.parse(readFileSync(record, "utf8"))).to.include({ contract: ADDRESS, transactionHash: null });
    } finally {
      rmSync(record, { force: true });
    }
  });

  it("hands over what explorers ask for: compiled, it is the very code on chain", async () => {
    const target = join(folder.dir, "for", "explorers");
    mkdirSync(folder.dir, { recursive: true });
    const end = await runHere(
      words("--key-file", keyFile, "--out", out("record.json"), "--verification-dir", target, "--json"),
    );
    const { verification } = json(end);
    // Asked before the compiler keeps this process busy.
    const code = await network.client.getCode({ address: ADDRESS });
    expect(readdirSync(target)).to.have.members(["AnchorLog.metadata.json", "AnchorLog.standard-input.json"]);
    const solc = createRequire(import.meta.url)("solc") as Solc & { version(): string };
    expect(solc.version()).to.match(new RegExp(`^${verification.compiler.replaceAll(/[+.]/g, "\\$&")}`));
    const { errors = [], contracts } = JSON.parse(
      solc.compile(readFileSync(verification.standardInput, "utf8")),
    ) as Output;
    expect(errors.filter(({ severity }) => severity === "error")).to.deep.equal([]);
    const [source, name] = verification.contractName.split(":") as [string, string];
    const { metadata, evm } = contracts[source]![name]!;
    expect(`0x${evm.deployedBytecode.object}`).to.equal(code);
    expect(keccak256(code!)).to.equal(anchorLogCodeHash);
    expect(metadata).to.equal(readFileSync(verification.metadata, "utf8"));
    // What Sourcify and others check of each source.
    const { sources } = JSON.parse(metadata) as { sources: Record<string, { keccak256: Hex }> };
    const input = JSON.parse(readFileSync(verification.standardInput, "utf8"));
    for (const [path, { keccak256: hash }] of Object.entries(sources))
      expect(keccak256(toHex(input.sources[path].content)), path).to.equal(hash);
  });

  it("hands over files that are made of the contract as it is now: else run node scripts/verification-input.ts", () => {
    const { standardInput, metadata } = verificationFiles();
    expect(readFileSync(join(DEPLOYMENTS, "AnchorLog.standard-input.json"), "utf8")).to.equal(standardInput);
    expect(readFileSync(join(DEPLOYMENTS, "AnchorLog.metadata.json"), "utf8")).to.equal(metadata);
  });
});
