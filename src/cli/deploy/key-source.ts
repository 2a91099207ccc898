import { commandWords } from "../../chain/keys/command-words.ts";
import type { KeySource } from "../../chain/keys/publisher-key.ts";
import { forgetSecrets, readKeySource, readMaxFee } from "../../config.ts";
import { UsageError } from "../ending.ts";

/** Where a key may come from. Never from an argument itself: other users of the machine see the arguments of every process. */
export type KeyOptions = {
  "key-file"?: string | undefined;
  keystore?: string | undefined;
  "password-file"?: string | undefined;
  "key-command"?: string | undefined;
};

/** Where the key of whoever pays comes from, and what a command that prints it sees of the environment. */
export type PayingKey = { source: KeySource; environment: Readonly<Record<string, string | undefined>> };

/**
 * Where the key of whoever pays comes from: the options, else the settings of a server.
 *
 * @throws UsageError, SettingError
 */
export function payingKeyOf(options: KeyOptions, environment: Record<string, string | undefined>): PayingKey {
  return { source: sourceOf(options, environment), environment: forgetSecrets({ ...environment }) };
}

/**
 * The most to pay, in wei per gas: an option in gwei, else the setting of a server; undefined for no limit.
 *
 * @throws SettingError
 */
export function mostToPay(
  option: string | undefined,
  environment: Record<string, string | undefined>,
): bigint | undefined {
  return option === undefined ? readMaxFee(environment.TALLYROOT_MAX_FEE_GWEI) : readMaxFee(option, "--max-fee-gwei");
}

function sourceOf(
  { "key-file": keyFile, keystore, "password-file": passwordFile, "key-command": command }: KeyOptions,
  environment: Record<string, string | undefined>,
): KeySource {
  const given = [keyFile, keystore, command].filter((option) => option !== undefined).length;
  if (given > 1) throw new UsageError("give one of --key-file, --keystore and --key-command");
  if ((keystore === undefined) !== (passwordFile === undefined))
    throw new UsageError("--keystore and --password-file go together");
  if (keyFile !== undefined) return { kind: "file", file: keyFile };
  if (keystore !== undefined && passwordFile !== undefined) return { kind: "keystore", file: keystore, passwordFile };
  if (command !== undefined) {
    const words = commandWords(command);
    if (words === undefined)
      throw new UsageError(
        "--key-command takes words with spaces between them and no quotes, or a JSON list of texts: no shell reads it",
      );
    return { kind: "command", words };
  }
  const source = readKeySource(environment);
  if (source === undefined)
    throw new UsageError(
      "say who pays: --key-file, --keystore with --password-file, --key-command, or TALLYROOT_PUBLISHER_KEY and its like",
    );
  return source;
}
