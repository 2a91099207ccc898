import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import * as Keystore from "ox/Keystore";
import type { Hex } from "viem";
import { commandWords } from "#src/chain/keys/command-words.ts";
import { PublisherKeyError } from "#src/chain/keys/key-error.ts";
import { type KeySource, readPublisherKey } from "#src/chain/keys/publisher-key.ts";
import { temporaryDirectory } from "./embedded-fixture.ts";

/** The test vectors of Web3 Secret Storage, version 3: one key, once under each way of deriving from the password. */
const KEY = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const PASSWORD = "testpassword";
const ADDRESS = "008aeeda4d805471df9b2a5b0f38a0c3bcba786b";
const PBKDF2 = {
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "6087dab2f9fdbbfaddc31a909735c1e6" },
    ciphertext: "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    kdf: "pbkdf2",
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: "hmac-sha256",
      salt: "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
    },
    mac: "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};
const SCRYPT = {
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "83dbcc02d8ccb40e466191a123791e0e" },
    ciphertext: "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
    kdf: "scrypt",
    kdfparams: {
      dklen: 32,
      n: 262144,
      p: 8,
      r: 1,
      salt: "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
    },
    mac: "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};

/** Cheap to derive, and with geth's block size. */
const LIGHT = (() => {
  const [key, options] = Keystore.scrypt({ password: PASSWORD, n: 2, r: 8, p: 1, iv: new Uint8Array(16).fill(7) });
  return Keystore.encrypt(KEY, key, options);
})();

type Changes = Record<string, unknown>;
const light = (crypto: Changes = {}, whole: Changes = {}) =>
  JSON.stringify({ ...LIGHT, crypto: { ...LIGHT.crypto, ...crypto }, ...whole });
const lightParams = (changes: Changes) => light({ kdfparams: { ...LIGHT.crypto.kdfparams, ...changes } });

/** Keystores that are refused, each for one reason. */
const REFUSED: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ["a key itself", KEY, /is not JSON/],
  ["another version", light({}, { version: 1 }), /version is not 3/],
  ["another cipher", light({ cipher: "aes-256-gcm" }), /cipher is not aes-128-ctr/],
  ["no cryptography", light({}, { crypto: 1 }), /crypto is no object/],
  ["another derivation", light({ kdf: "argon2id" }), /neither scrypt nor pbkdf2/],
  ["a short derived key", lightParams({ dklen: 16 }), /dklen is not 32/],
  ["n that is no power of two", lightParams({ n: 3 }), /power of two/],
  ["more memory than there is", lightParams({ n: 2 ** 24, r: 1024 }), /asks for too much/],
  ["more rounds than anybody waits for", lightParams({ p: 2 ** 25 }), /asks for too much/],
  ["a salt that is no hex", lightParams({ salt: "zz" }), /salt is not hex/],
  ["a short check", light({ mac: "00" }), /mac is not 32 bytes/],
  ["a damaged key", light({ ciphertext: "00".repeat(32) }), /the password does not open/],
  ["the address of another key", light({}, { address: "00".repeat(20) }), /names an address that is not its key's/],
];

describe("the publisher's key", () => {
  const folder = temporaryDirectory();
  after(() => folder.remove());
  const file = (name: string, text: string) => {
    writeFileSync(join(folder.dir, name), text, { mode: 0o600 });
    return join(folder.dir, name);
  };
  const read = (source: KeySource): Promise<Hex> => readPublisherKey(source, { PATH: process.env.PATH });
  const refusal = async (source: KeySource): Promise<string> => {
    const outcome = await read(source).catch((error: unknown) => error);
    if (!(outcome instanceof PublisherKeyError)) throw new Error("not refused", { cause: outcome });
    return outcome.message;
  };
  const keystore = (text: string, password = PASSWORD): KeySource => ({
    kind: "keystore",
    file: file("keystore.json", text),
    passwordFile: file("password", password),
  });
  const command = (...words: [string, ...string[]]): KeySource => ({ kind: "command", words });
  const program = (text: string) => command(process.execPath, "-e", text);

  describe("in a keystore", () => {
    it("is the one of the format's own vectors, with PBKDF2 and with scrypt", async () => {
      for (const vector of [PBKDF2, SCRYPT]) {
        expect(await read(keystore(JSON.stringify(vector)))).to.equal(KEY);
        expect(await read(keystore(JSON.stringify({ ...vector, address: ADDRESS })))).to.equal(KEY);
      }
    });

    it("opens with the password of a file whose line is ended, and with no other", async () => {
      for (const end of ["", "\n", "\r\n"]) expect(await read(keystore(light(), PASSWORD + end))).to.equal(KEY);
      for (const wrong of ["", "testpasswor", " testpassword", "testpassword\n\n"]) {
        const message = await refusal(keystore(light(), wrong));
        expect(message).to.match(/^the password does not open .*keystore\.json, or the file is damaged$/);
      }
    });

    for (const [what, text, says] of REFUSED)
      it(`is refused by name: ${what}`, async () => {
        const message = await refusal(keystore(text));
        expect(message).to.match(says).and.not.include(KEY.slice(2)).and.not.include(PASSWORD);
      });

    it("whose file is not there is refused by the file's name", async () => {
      const source = keystore(light());
      expect(await refusal({ ...source, file: "no-such-file" } as KeySource)).to.equal(
        "no-such-file cannot be read (ENOENT)",
      );
      expect(await refusal({ ...source, passwordFile: "no-such-file" } as KeySource)).to.match(/^no-such-file cannot/);
    });
  });

  describe("of a command", () => {
    it("is what it prints, with or without 0x", async () => {
      for (const text of [KEY, `${KEY.slice(2)}\n`]) expect(await read(command("printf", text))).to.equal(KEY);
    });

    it("goes through no shell: what a shell would read is a word", async () => {
      expect(await refusal(command("printf", `$(echo ${KEY})`))).to.match(/is not a private key of 32 bytes in hex$/);
    });

    it("that fails, is not there or never ends is refused without what it wrote", async () => {
      const wrote = `process.stdout.write("${KEY}"); process.stderr.write("${KEY}");`;
      const failed = await refusal(program(`${wrote} process.exitCode = 3;`));
      expect(failed).to.match(/for the publisher's key ended with 3: run it by hand to see why$/);
      expect(failed).not.to.include(KEY.slice(2));
      expect(await refusal(command("no-such-program"))).to.match(/no-such-program .* cannot be run \(ENOENT\)$/);
      const { keyFromCommand } = await import("#src/chain/keys/key-command.ts");
      const words: [string, ...string[]] = ["sh", "-c", "sleep 5 & sleep 5"];
      const late = await keyFromCommand(words, { PATH: process.env.PATH }, { milliseconds: 100 }).catch(String);
      expect(late).to.match(/gave no answer within 0\.1 s$/);
    });

    it("that prints too much, or something else, is refused, and nothing of it is repeated", async () => {
      const endless = await refusal(program(`setInterval(() => process.stdout.write("${KEY}".repeat(99)), 1)`));
      expect(endless)
        .to.match(/printed more than 1024 bytes$/)
        .and.not.include(KEY.slice(2));
      const two = await refusal(command("printf", `${KEY} ${KEY}`));
      expect(two)
        .to.match(/is not a private key/)
        .and.not.include(KEY.slice(2));
      expect(await refusal(command("printf", `0x${"f".repeat(64)}`))).to.match(/no private key of secp256k1$/);
    });
  });

  it("in a file of its own may be anything that is a key, and nothing else", async () => {
    expect(await read({ kind: "file", file: file("key", `${KEY}\n`) })).to.equal(KEY);
    const long = await refusal({ kind: "file", file: file("long", "0".repeat(20_000)) });
    expect(long).to.match(/has more than 16384 bytes$/);
    const zero = await refusal({ kind: "file", file: file("zero", "0".repeat(64)) });
    expect(zero).to.match(/no private key of secp256k1$/);
  });

  it("has a command of words, or a list of texts; what only a shell understands is none", () => {
    expect(commandWords(" vault kv  get -field=key secret/tallyroot ")).to.deep.equal([
      "vault",
      "kv",
      "get",
      "-field=key",
      "secret/tallyroot",
    ]);
    expect(commandWords('["op", "read", "op://my vault/key"]')).to.deep.equal(["op", "read", "op://my vault/key"]);
    for (const text of ["", "  ", "cat 'key'", "cat $KEY", "cat key | tail", "cat `x`", '["cat", 1]', "[cat]", "[]"])
      expect(commandWords(text), text).to.equal(undefined);
  });
});
