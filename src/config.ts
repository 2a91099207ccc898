import { z } from "zod";
import { commandWords } from "./chain/keys/command-words.ts";
import type { KeySource } from "./chain/keys/publisher-key.ts";
import {
  count,
  finality,
  flag,
  gwei,
  key,
  origins,
  port,
  postgresUrl,
  privateKey,
  rpcUrls,
  url,
} from "./setting-kinds.ts";

/** A setting that cannot be used; the message names it and says what it may be. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

/** Where the publisher's key comes from: one of three. */
const KEY_SETTINGS = {
  TALLYROOT_PUBLISHER_KEY: privateKey.optional(),
  TALLYROOT_PUBLISHER_KEYSTORE: z.string().optional(),
  TALLYROOT_PUBLISHER_KEYSTORE_PASSWORD_FILE: z.string().optional(),
  TALLYROOT_PUBLISHER_KEY_COMMAND: z
    .string()
    .transform((text, context) => {
      const words = commandWords(text);
      if (words !== undefined) return words;
      const message =
        "must be words with spaces between them and no quotes, or a JSON list of texts: no shell reads it";
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    })
    .optional(),
};
const KEY_PLACES = [
  "TALLYROOT_PUBLISHER_KEY",
  "TALLYROOT_PUBLISHER_KEYSTORE",
  "TALLYROOT_PUBLISHER_KEY_COMMAND",
] as const;

/** What nothing that this process starts should inherit. */
const SECRETS = [
  "TALLYROOT_PUBLISHER_KEY",
  "TALLYROOT_MASTER_KEY",
  // It may have a password.
  "TALLYROOT_DATABASE_URL",
  "TALLYROOT_DATABASE_REPLICA_URL",
  "TALLYROOT_METRICS_TOKEN",
  "TALLYROOT_API_KEY",
  "TALLYROOT_PROVER_KEY",
  "TALLYROOT_WEBHOOK_SECRET",
];

type Environment = Record<string, string | undefined>;

/** Every setting: an environment variable, what it may be, and what it is where it is not set. */
const SETTINGS = z.object({
  PORT: port(3000),
  HOST: z.string().min(1).default("127.0.0.1"),
  TALLYROOT_DATA_DIR: z.string().min(1).default("./data"),
  TALLYROOT_DATABASE_URL: postgresUrl.optional(),
  TALLYROOT_DATABASE_REPLICA_URL: postgresUrl.optional(),
  TALLYROOT_PUBLIC_URL: url.optional(),
  TALLYROOT_CHAIN: z.enum(["embedded", "rpc"], "must be embedded or rpc").default("embedded"),
  TALLYROOT_CHAIN_PORT: port(8545),
  TALLYROOT_RPC_URL: rpcUrls.optional(),
  ...KEY_SETTINGS,
  TALLYROOT_CONTRACT: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/, "must be an address")
    .optional(),
  TALLYROOT_ANCHOR_INTERVAL_MS: count(50, 86_400_000).default(2000),
  TALLYROOT_REPLACE_AFTER_MS: count(1000, 86_400_000).default(30_000),
  TALLYROOT_HALT_AFTER_MS: count(1000, 86_400_000).default(120_000),
  TALLYROOT_CONFIRMATIONS: finality.optional(),
  TALLYROOT_MAX_FEE_GWEI: gwei.optional(),
  TALLYROOT_MASTER_KEY: key.optional(),
  TALLYROOT_QUOTA_DELTAS_PER_MONTH: count(1, 999_999_999).optional(),
  TALLYROOT_PUBLIC_REASONS: flag,
  TALLYROOT_CLOSE_MONTHS: flag,
  TALLYROOT_RATE_LIMIT_PER_MINUTE: count(1, 999_999_999).optional(),
  TALLYROOT_PUBLIC_RATE_LIMIT_PER_MINUTE: count(1, 999_999_999).optional(),
  TALLYROOT_TRUSTED_PROXIES: count(0, 10).default(0),
  TALLYROOT_CORS_ORIGINS: origins.default([]),
  TALLYROOT_METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,256}$/, "must be 16 to 256 printable characters")
    .optional(),
  TALLYROOT_WEBHOOK_ALLOW_PRIVATE: flag,
  TALLYROOT_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"], "must be debug, info, warn or error").default("warn"),
});

export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS.shape);

/** Blocks that an anchor's block and its successors must be, where nothing else is set: an embedded chain has no reorganisations. */
const CONFIRMATIONS = { embedded: 1, rpc: 3 } as const;

export type Config = Readonly<{
  port: number;
  host: string;
  dataDir: string;
  /** The PostgreSQL database that the record is in; undefined for SQLite in the data directory. */
  databaseUrl: string | undefined;
  /** Of the same database where it is replicated: for who says that an answer may be old. */
  replicaUrl: string | undefined;
  publicUrl: string | undefined;
  chain: { kind: "embedded"; port: number } | { kind: "rpc"; rpcUrls: readonly string[] };
  publisherKey: KeySource | undefined;
  /** Undefined for the one that the data directory remembers, else the deterministic one. */
  contract: `0x${string}` | undefined;
  anchorIntervalMs: number;
  /** Until a transaction that no block takes is replaced by one that pays more. */
  replaceAfterMs: number;
  /** For which the chain has to contradict the record until anchoring halts. */
  haltAfterMs: number;
  /** Blocks that an anchor's block and its successors must be for it to be final, or the chain's own word for it. */
  confirmations: number | "finalized" | "safe";
  /** The most that anchoring pays, in wei per gas; undefined for no limit. */
  maxFee: bigint | undefined;
  masterKey: `0x${string}` | undefined;
  /** Deltas that a tenant may record in a UTC month; null for no quota. */
  quota: number | null;
  /** Whether the public verification shows reasons and references. */
  publicReasons: boolean;
  /** Whether every customer's month is closed with a checkpoint once it is over. */
  closeMonths: boolean;
  /** Requests per minute; null for no limit. */
  rateLimits: { perKey: number | null; perAddress: number | null };
  /** Proxies between this server and its callers. */
  trustedProxies: number;
  /** Origins whose pages may use the API with a key. */
  corsOrigins: readonly string[];
  /** The bearer token of `/metrics`; null where anybody may read it. */
  metricsToken: string | null;
  webhookAllowPrivate: boolean;
  logLevel: "debug" | "info" | "warn" | "error";
}>;

/** What the commands read beside a running server: whoever has set these can start a server too. */
const OF_COMMANDS = ["TALLYROOT_URL", "TALLYROOT_API_KEY", "TALLYROOT_PROVER_KEY", "TALLYROOT_WEBHOOK_SECRET"];

/**
 * The settings, from environment variables. The only reader of the environment.
 *
 * @throws SettingError naming every variable that is wrong.
 */
export function readConfig(environment: Environment = process.env): Config {
  const set = setIn(environment);
  const parsed = SETTINGS.safeParse(set);
  const unknown = Object.keys(set).filter(
    (name) => name.startsWith("TALLYROOT_") && !(name in SETTINGS.shape) && !OF_COMMANDS.includes(name),
  );
  const missing = set.TALLYROOT_CHAIN === "rpc" ? missingForRpc(set) : [];
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => `${String(issue.path[0])} ${issue.message}`),
    ...missing,
    ...(set.TALLYROOT_DATABASE_REPLICA_URL !== undefined && set.TALLYROOT_DATABASE_URL === undefined
      ? ["TALLYROOT_DATABASE_REPLICA_URL is of no use without TALLYROOT_DATABASE_URL"]
      : []),
    ...keyProblems(set),
    ...unknown.map((name) => `${name} is not a setting of this version`),
  ];
  if (!parsed.success || problems.length > 0) throw new SettingError(problems.join("\n"));
  const s = parsed.data;
  return {
    port: s.PORT,
    host: s.HOST,
    dataDir: s.TALLYROOT_DATA_DIR,
    databaseUrl: s.TALLYROOT_DATABASE_URL,
    replicaUrl: s.TALLYROOT_DATABASE_REPLICA_URL,
    publicUrl: s.TALLYROOT_PUBLIC_URL?.replace(/\/+$/, ""),
    chain:
      s.TALLYROOT_CHAIN === "embedded"
        ? { kind: "embedded", port: s.TALLYROOT_CHAIN_PORT }
        : { kind: "rpc", rpcUrls: s.TALLYROOT_RPC_URL! },
    publisherKey: keySourceOf(s),
    contract: s.TALLYROOT_CONTRACT as `0x${string}` | undefined,
    anchorIntervalMs: s.TALLYROOT_ANCHOR_INTERVAL_MS,
    replaceAfterMs: s.TALLYROOT_REPLACE_AFTER_MS,
    haltAfterMs: s.TALLYROOT_HALT_AFTER_MS,
    confirmations: s.TALLYROOT_CONFIRMATIONS ?? CONFIRMATIONS[s.TALLYROOT_CHAIN],
    maxFee: s.TALLYROOT_MAX_FEE_GWEI,
    quota: s.TALLYROOT_QUOTA_DELTAS_PER_MONTH ?? null,
    masterKey: s.TALLYROOT_MASTER_KEY as `0x${string}` | undefined,
    publicReasons: s.TALLYROOT_PUBLIC_REASONS,
    closeMonths: s.TALLYROOT_CLOSE_MONTHS,
    rateLimits: {
      perKey: s.TALLYROOT_RATE_LIMIT_PER_MINUTE ?? null,
      perAddress: s.TALLYROOT_PUBLIC_RATE_LIMIT_PER_MINUTE ?? null,
    },
    trustedProxies: s.TALLYROOT_TRUSTED_PROXIES,
    corsOrigins: s.TALLYROOT_CORS_ORIGINS,
    metricsToken: s.TALLYROOT_METRICS_TOKEN ?? null,
    webhookAllowPrivate: s.TALLYROOT_WEBHOOK_ALLOW_PRIVATE,
    logLevel: s.TALLYROOT_LOG_LEVEL,
  };
}

/**
 * Where the publisher's key comes from, by the same settings as a server's: for commands that need nothing else of them.
 *
 * @throws SettingError naming every variable that is wrong.
 */
export function readKeySource(environment: Environment): KeySource | undefined {
  const set = setIn(environment);
  const parsed = z.object(KEY_SETTINGS).safeParse(set);
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => `${String(issue.path[0])} ${issue.message}`),
    ...keyProblems(set),
  ];
  if (!parsed.success || problems.length > 0) throw new SettingError(problems.join("\n"));
  return keySourceOf(parsed.data);
}

/**
 * The most that a transaction may cost, in wei per gas; undefined for no limit.
 *
 * @param name what to call it where it is wrong.
 * @throws SettingError
 */
export function readMaxFee(text: string | undefined, name = "TALLYROOT_MAX_FEE_GWEI"): bigint | undefined {
  const { error, data } = gwei.optional().safeParse(text === "" ? undefined : text);
  if (error) throw new SettingError(error.issues.map(({ message }) => `${name} ${message}`).join("\n"));
  return data;
}

/**
 * Takes the secrets out of the environment once they were read: threads, and programs that this one starts, inherit it. The system keeps
 * what the process was started with for those who may look into its memory.
 *
 * @returns what is left of it.
 */
export function forgetSecrets(environment: Environment = process.env): Environment {
  for (const name of SECRETS) delete environment[name];
  return environment;
}

/** A variable that is set to nothing is not set. */
function setIn(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
}

/** What a chain of somebody else's asks for: its address, and a key of ours with ether on it. */
function missingForRpc(set: Environment): string[] {
  return [
    ...(set.TALLYROOT_RPC_URL === undefined ? ["TALLYROOT_RPC_URL is needed with TALLYROOT_CHAIN=rpc"] : []),
    ...(KEY_PLACES.every((name) => set[name] === undefined)
      ? [`${KEY_PLACES.slice(0, -1).join(", ")} or ${KEY_PLACES.at(-1)} is needed with TALLYROOT_CHAIN=rpc`]
      : []),
  ];
}

function keyProblems(set: Environment): string[] {
  const places = KEY_PLACES.filter((name) => set[name] !== undefined);
  const [keystore, password] = ["TALLYROOT_PUBLISHER_KEYSTORE", "TALLYROOT_PUBLISHER_KEYSTORE_PASSWORD_FILE"] as const;
  return [
    ...(places.length > 1 ? [`${places.join(" and ")} are set: the publisher's key comes from one place`] : []),
    ...(set[keystore] !== undefined && set[password] === undefined ? [`${password} is needed with ${keystore}`] : []),
    ...(set[keystore] === undefined && set[password] !== undefined
      ? [`${password} is of no use without ${keystore}`]
      : []),
  ];
}

function keySourceOf(s: z.output<z.ZodObject<typeof KEY_SETTINGS>>): KeySource | undefined {
  if (s.TALLYROOT_PUBLISHER_KEY !== undefined) return { kind: "key", key: s.TALLYROOT_PUBLISHER_KEY as `0x${string}` };
  const [file, passwordFile] = [s.TALLYROOT_PUBLISHER_KEYSTORE, s.TALLYROOT_PUBLISHER_KEYSTORE_PASSWORD_FILE];
  if (file !== undefined && passwordFile !== undefined) return { kind: "keystore", file, passwordFile };
  return s.TALLYROOT_PUBLISHER_KEY_COMMAND && { kind: "command", words: s.TALLYROOT_PUBLISHER_KEY_COMMAND };
}
