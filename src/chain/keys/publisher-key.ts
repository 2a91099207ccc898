import { readFileSync, statSync } from "node:fs";
import type { Hex } from "../../core/bytes.ts";
import { PublisherKeyError } from "./key-error.ts";
import { privateKeyIn } from "./private-key.ts";

/** Bytes of a file with a key, a password or a keystore: those that exist have some five hundred. */
const MAX_FILE_BYTES = 16 * 1024;

/** Where the publisher's key comes from. */
export type KeySource =
  | { kind: "key"; key: Hex }
  | { kind: "file"; file: string }
  | { kind: "keystore"; file: string; passwordFile: string }
  | { kind: "command"; words: readonly [program: string, ...words: string[]] };

/**
 * Gets the publisher's key from where it is.
 *
 * @param environment what a command that prints the key sees of the environment.
 * @throws PublisherKeyError, which repeats neither key nor password.
 */
export async function readPublisherKey(
  source: KeySource,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Hex> {
  switch (source.kind) {
    case "key":
      return privateKeyIn(source.key, "the publisher's key");
    case "file":
      return privateKeyIn(textOf(source.file), `the content of ${source.file}`);
    case "keystore": {
      const [keystore, password] = [textOf(source.file), textOf(source.passwordFile)];
      // A keystore's cryptography is loaded by those alone who have one.
      const { keyInKeystore } = await import("./keystore.ts");
      // An editor ends the line that the password is.
      return keyInKeystore(keystore, password.replace(/\r?\n$/, ""), source.file);
    }
    case "command": {
      const { keyFromCommand } = await import("./key-command.ts");
      return keyFromCommand(source.words, environment);
    }
  }
}

function textOf(file: string): string {
  try {
    if (statSync(file).size > MAX_FILE_BYTES)
      throw new PublisherKeyError(`${file} has more than ${MAX_FILE_BYTES} bytes`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new PublisherKeyError(`${file} cannot be read (${"code" in error ? error.code : error.message})`, {
      cause: error,
    });
  }
}
