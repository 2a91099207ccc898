import { z } from "zod";

/** A setting that cannot be used; the message names it and says what it may be. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

const port = (preset: number) =>
  z
    .string()
    .regex(/^[0-9]{1,5}$/, "must be a port number, 0 for a free one")
    .transform(Number)
    .pipe(z.number().max(65535, "must be at most 65535"))
    .default(preset);

const count = (min: number, max: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

const key = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, "must be 32 bytes as 0x hex")
  .transform((text) => text.toLowerCase());

/** The order of secp256k1's group (SEC 2, section 2.4.1): a private key is below it, and not zero. */
const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const privateKey = key.refine(
  (text) => BigInt(text) > 0n && BigInt(text) < GROUP_ORDER,
  "must be a private key of secp256k1",
);

const url = z.url({ protocol: /^https?$/, error: "must be an http or https URL" });

/** As a browser sends it: scheme, host, port, and nothing after them. */
const origins = z
  .string()
  .transform((text) => text.split(",").map((origin) => origin.trim()))
  .pipe(
    z.array(
      z
        .string()
        .refine(
          (text) => URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text),
          "must be origins such as https://app.example, with commas between them",
        ),
    ),
  );

const flag = z
  .enum(["true", "false"], "must be true or false")
  .default("false")
  .transform((text) => text === "true");

/** Every setting: an environment variable, what it may be, and what it is where it is not set. */
const SETTINGS = z.object({
  PORT: port(3000),
  HOST: z.string().min(1).default("127.0.0.1"),
  TALLYROOT_DATA_DIR: z.string().min(1).default("./data"),
  TALLYROOT_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/./, "must be like postgresql://user:password@host:5432/database")
    .optional(),
  TALLYROOT_PUBLIC_URL: url.optional(),
  TALLYROOT_CHAIN: z.enum(["embedded", "rpc"], "must be embedded or rpc").default("embedded"),
  TALLYROOT_CHAIN_PORT: port(8545),
  TALLYROOT_RPC_URL: url.optional(),
  TALLYROOT_PUBLISHER_KEY: privateKey.optional(),
  TALLYROOT_CONTRACT: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/, "must be an address")
    .optional(),
  TALLYROOT_ANCHOR_INTERVAL_MS: count(50, 86_400_000).default(2000),
  TALLYROOT_CONFIRMATIONS: count(1, 10_000).optional(),
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

/** What a chain of somebody else's asks for: its address, and a key of ours with money on it. */
const NEEDED_FOR_RPC = ["TALLYROOT_RPC_URL", "TALLYROOT_PUBLISHER_KEY"] as const;

/** Blocks that an anchor's block and its successors must be, where nothing else is set: an embedded chain has no reorganisations. */
const CONFIRMATIONS = { embedded: 1, rpc: 3 } as const;

export type Config = Readonly<{
  port: number;
  host: string;
  dataDir: string;
  /** The PostgreSQL database that the record is in; undefined for SQLite in the data directory. */
  databaseUrl: string | undefined;
  publicUrl: string | undefined;
  chain: { kind: "embedded"; port: number } | { kind: "rpc"; rpcUrl: string };
  publisherKey: `0x${string}` | undefined;
  contract: `0x${string}` | undefined;
  anchorIntervalMs: number;
  confirmations: number;
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
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  // A variable that is set to nothing is not set.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = SETTINGS.safeParse(set);
  const unknown = Object.keys(set).filter(
    (name) => name.startsWith("TALLYROOT_") && !(name in SETTINGS.shape) && !OF_COMMANDS.includes(name),
  );
  const missing = set.TALLYROOT_CHAIN === "rpc" ? NEEDED_FOR_RPC.filter((name) => set[name] === undefined) : [];
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => `${String(issue.path[0])} ${issue.message}`),
    ...missing.map((name) => `${name} is needed with TALLYROOT_CHAIN=rpc`),
    ...unknown.map((name) => `${name} is not a setting of this version`),
  ];
  if (!parsed.success || problems.length > 0) throw new SettingError(problems.join("\n"));
  const s = parsed.data;
  return {
    port: s.PORT,
    host: s.HOST,
    dataDir: s.TALLYROOT_DATA_DIR,
    databaseUrl: s.TALLYROOT_DATABASE_URL,
    publicUrl: s.TALLYROOT_PUBLIC_URL?.replace(/\/+$/, ""),
    chain:
      s.TALLYROOT_CHAIN === "embedded"
        ? { kind: "embedded", port: s.TALLYROOT_CHAIN_PORT }
        : { kind: "rpc", rpcUrl: s.TALLYROOT_RPC_URL! },
    publisherKey: s.TALLYROOT_PUBLISHER_KEY as `0x${string}` | undefined,
    contract: s.TALLYROOT_CONTRACT as `0x${string}` | undefined,
    anchorIntervalMs: s.TALLYROOT_ANCHOR_INTERVAL_MS,
    confirmations: s.TALLYROOT_CONFIRMATIONS ?? CONFIRMATIONS[s.TALLYROOT_CHAIN],
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
