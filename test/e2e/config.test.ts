import { expect } from "chai";
import { forgetSecrets, readConfig, SettingError } from "#src/config.ts";

const KEY = `0x${"17".repeat(32)}`;
const ORDER = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

const WRONG: readonly (readonly [name: string, value: string, says: RegExp])[] = [
  ["PORT", "http", /port number/],
  ["PORT", "65536", /at most 65535/],
  ["PORT", "-1", /port number/],
  ["TALLYROOT_CHAIN_PORT", "1e3", /port number/],
  ["TALLYROOT_CHAIN", "ethereum", /embedded or rpc/],
  ["TALLYROOT_RPC_URL", "localhost:8545", /http or https URL/],
  ["TALLYROOT_PUBLIC_URL", "ftp://example.org", /http or https URL/],
  ["TALLYROOT_PUBLISHER_KEY", "0x12", /32 bytes as 0x hex/],
  ["TALLYROOT_PUBLISHER_KEY", `0x${"0".repeat(64)}`, /private key/],
  ["TALLYROOT_PUBLISHER_KEY", ORDER, /private key/],
  ["TALLYROOT_PUBLISHER_KEY_COMMAND", "cat 'the key'", /no shell reads it/],
  ["TALLYROOT_PUBLISHER_KEY_COMMAND", "[1]", /JSON list of texts/],
  ["TALLYROOT_PUBLISHER_KEYSTORE_PASSWORD_FILE", "password", /of no use without TALLYROOT_PUBLISHER_KEYSTORE$/],
  ["TALLYROOT_MASTER_KEY", "secret", /32 bytes as 0x hex/],
  ["TALLYROOT_CONTRACT", "AnchorLog", /address/],
  ["TALLYROOT_ANCHOR_INTERVAL_MS", "49", /at least 50/],
  ["TALLYROOT_ANCHOR_INTERVAL_MS", "2s", /whole number/],
  ["TALLYROOT_CONFIRMATIONS", "0", /at least 1/],
  ["TALLYROOT_CONFIRMATIONS", "10001", /at most 10000/],
  ["TALLYROOT_CONFIRMATIONS", "latest", /a whole number, finalized or safe/],
  ["TALLYROOT_RPC_URL", "https://a.example,localhost:1", /http or https URL/],
  ["TALLYROOT_RPC_URL", "https://a.example, https://a.example/", /name an endpoint twice/],
  ["TALLYROOT_RPC_URL", Array.from({ length: 9 }, (_, i) => `https://${i}.example`).join(), /at most 8 URLs/],
  ["TALLYROOT_MAX_FEE_GWEI", "0", /more than 0/],
  ["TALLYROOT_MAX_FEE_GWEI", "0.0000000001", /at most 9 decimals/],
  ["TALLYROOT_MAX_FEE_GWEI", "1e9", /gwei as a decimal number/],
  ["TALLYROOT_RATE_LIMIT_PER_MINUTE", "0", /at least 1/],
  ["TALLYROOT_RATE_LIMIT_PER_MINUTE", "unlimited", /whole number/],
  ["TALLYROOT_PUBLIC_RATE_LIMIT_PER_MINUTE", "1.5", /whole number/],
  ["TALLYROOT_TRUSTED_PROXIES", "11", /at most 10/],
  ["TALLYROOT_TRUSTED_PROXIES", "true", /whole number/],
  ["TALLYROOT_CORS_ORIGINS", "*", /must be origins/],
  ["TALLYROOT_CORS_ORIGINS", "https://app.example/", /must be origins/],
  ["TALLYROOT_CORS_ORIGINS", "https://app.example, app.example", /^TALLYROOT_CORS_ORIGINS must be origins/],
  ["TALLYROOT_METRICS_TOKEN", "short", /16 to 256/],
  ["TALLYROOT_METRICS_TOKEN", "has a space in its middle", /printable/],
  ["TALLYROOT_DATABASE_URL", "mysql://127.0.0.1/tallyroot", /must be like postgresql/],
  ["TALLYROOT_LOG_LEVEL", "loud", /debug, info, warn or error/],
  ["TALLYROOT_DATADIR", "data", /not a setting/],
];

function refusal(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    expect(error).to.be.instanceOf(SettingError);
    return (error as Error).message;
  }
  throw new Error("the settings were taken");
}

describe("the settings", () => {
  it("have a value that works on a laptop where none is set", () => {
    expect(readConfig({})).to.deep.include({
      port: 3000,
      host: "127.0.0.1",
      dataDir: "./data",
      chain: { kind: "embedded", port: 8545 },
      anchorIntervalMs: 2000,
      confirmations: 1,
      masterKey: undefined,
      publisherKey: undefined,
      rateLimits: { perKey: null, perAddress: null },
      trustedProxies: 0,
      corsOrigins: [],
      metricsToken: null,
    });
  });

  it("that are set to nothing are not set", () => {
    expect(readConfig({ PORT: "", HOST: "", TALLYROOT_CHAIN: "" })).to.deep.equal(readConfig({}));
  });

  it("of other programs are not looked at", () => {
    expect(readConfig({ PATH: "/bin", DATABASE_URL: "?" })).to.deep.equal(readConfig({}));
  });

  it("take hex in capitals for what it is in small letters", () => {
    const capitals = `0x${"AB".repeat(32)}`;
    const config = readConfig({ TALLYROOT_MASTER_KEY: capitals, TALLYROOT_PUBLISHER_KEY: capitals });
    expect(config.masterKey).to.equal(capitals.toLowerCase());
    expect(config.publisherKey).to.deep.equal({ kind: "key", key: capitals.toLowerCase() });
  });

  it("of a chain over RPC wait for more blocks", () => {
    const rpc = { TALLYROOT_CHAIN: "rpc", TALLYROOT_RPC_URL: "https://rpc.example/key", TALLYROOT_PUBLISHER_KEY: KEY };
    expect(readConfig(rpc)).to.deep.include({
      chain: { kind: "rpc", rpcUrls: ["https://rpc.example/key"] },
      confirmations: 3,
    });
    expect(readConfig({ ...rpc, TALLYROOT_CONFIRMATIONS: "12" }).confirmations).to.equal(12);
    expect(readConfig({ ...rpc, TALLYROOT_CONFIRMATIONS: "finalized" }).confirmations).to.equal("finalized");
    const several = { ...rpc, TALLYROOT_RPC_URL: "https://a.example/key, https://b.example" };
    expect(readConfig(several).chain).to.deep.equal({
      kind: "rpc",
      rpcUrls: ["https://a.example/key", "https://b.example"],
    });
  });

  it("take the highest fee in gwei, exact to the wei, and have none where it is not set", () => {
    expect(readConfig({}).maxFee).to.equal(undefined);
    for (const [text, wei] of [
      ["30", 30_000_000_000n],
      ["0.05", 50_000_000n],
      ["12.000000001", 12_000_000_001n],
    ] as const)
      expect(readConfig({ TALLYROOT_MAX_FEE_GWEI: text }).maxFee, text).to.equal(wei);
  });

  it("of a chain over RPC need its address and a key, and both are named", () => {
    const message = refusal({ TALLYROOT_CHAIN: "rpc" });
    expect(message.split("\n")).to.deep.equal([
      "TALLYROOT_RPC_URL is needed with TALLYROOT_CHAIN=rpc",
      "TALLYROOT_PUBLISHER_KEY, TALLYROOT_PUBLISHER_KEYSTORE or TALLYROOT_PUBLISHER_KEY_COMMAND is needed with TALLYROOT_CHAIN=rpc",
    ]);
  });

  it("take the publisher's key from a keystore or a command as well, and from one place only", () => {
    const keystore = {
      TALLYROOT_PUBLISHER_KEYSTORE: "publisher.json",
      TALLYROOT_PUBLISHER_KEYSTORE_PASSWORD_FILE: "password",
    };
    const command = { TALLYROOT_PUBLISHER_KEY_COMMAND: '["vault", "kv", "get", "my key"]' };
    const rpc = { TALLYROOT_CHAIN: "rpc", TALLYROOT_RPC_URL: "https://rpc.example" };
    expect(readConfig({ ...rpc, ...keystore }).publisherKey).to.deep.equal({
      kind: "keystore",
      file: "publisher.json",
      passwordFile: "password",
    });
    const words = ["vault", "kv", "get", "my key"];
    expect(readConfig({ ...rpc, ...command }).publisherKey).to.deep.equal({ kind: "command", words });
    expect(refusal({ ...keystore, ...command })).to.match(
      /^TALLYROOT_PUBLISHER_KEYSTORE and TALLYROOT_PUBLISHER_KEY_COMMAND are set: .* one place$/,
    );
    expect(refusal({ TALLYROOT_PUBLISHER_KEYSTORE: "publisher.json" })).to.equal(
      "TALLYROOT_PUBLISHER_KEYSTORE_PASSWORD_FILE is needed with TALLYROOT_PUBLISHER_KEYSTORE",
    );
  });

  it("that are secret leave the environment once they were read, and only those", () => {
    const environment: Record<string, string | undefined> = {
      PATH: "/bin",
      TALLYROOT_MASTER_KEY: KEY,
      TALLYROOT_PUBLISHER_KEY: KEY,
      TALLYROOT_METRICS_TOKEN: "0123456789abcdef",
      TALLYROOT_API_KEY: "k",
      TALLYROOT_DATA_DIR: "data",
    };
    forgetSecrets(environment);
    expect(environment).to.deep.equal({ PATH: "/bin", TALLYROOT_DATA_DIR: "data" });
  });

  for (const [name, value, says] of WRONG) {
    it(`refuse ${name}=${value} by its name`, () => {
      const message = refusal({ [name]: value });
      expect(message.split("\n")).to.have.lengthOf(1);
      expect(message)
        .to.match(says)
        .and.to.match(new RegExp(`^${name} `));
    });
  }

  it("that are wrong are all named at once", () => {
    const wrong = Object.fromEntries(WRONG.map(([name, value]) => [name, value]));
    const named = refusal(wrong)
      .split("\n")
      .map((line) => line.split(" ")[0]);
    expect(named).to.include.members(Object.keys(wrong));
  });
});
