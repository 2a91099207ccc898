import { z } from "zod";
import { MAX_ENDPOINTS } from "./core/policy.ts";
import { isPrivateKey } from "./core/private-key.ts";

/** What a setting may be: each kind reads an environment variable's text, or says what is wrong with it. */

export const port = (preset: number) =>
  z
    .string()
    .regex(/^[0-9]{1,5}$/, "must be a port number, 0 for a free one")
    .transform(Number)
    .pipe(z.number().max(65535, "must be at most 65535"))
    .default(preset);

export const count = (min: number, max: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

export const key = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, "must be 32 bytes as 0x hex")
  .transform((text) => text.toLowerCase());

export const privateKey = key.refine((text) => isPrivateKey(BigInt(text)), "must be a private key of secp256k1");

export const url = z.url({ protocol: /^https?$/, error: "must be an http or https URL" });

/** One server's, or with commas between several. */
export const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\/./, "must be like postgresql://user:password@host:5432/database");

/** As a browser sends it: scheme, host, port, and nothing after them. */
export const origins = z
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

/** Endpoints of one chain. A comma within a URL has to be written as %2C. */
export const rpcUrls = z
  .string()
  .transform((text) => text.split(",").map((one) => one.trim()))
  .pipe(
    z
      .array(url)
      .max(MAX_ENDPOINTS, `must be at most ${MAX_ENDPOINTS} URLs`)
      .refine(
        (urls) => new Set(urls.map((one) => new URL(one).href)).size === urls.length,
        "must not name an endpoint twice",
      ),
  );

/** What an anchor's block has to be: so many blocks deep, or what the chain itself calls so. */
export const finality = z
  .string()
  .regex(/^(?:[0-9]{1,9}|finalized|safe)$/, "must be a whole number, finalized or safe")
  .transform((text) => (text === "finalized" || text === "safe" ? text : Number(text)))
  .refine((value) => value !== 0, "must be at least 1")
  .refine((value) => typeof value === "string" || value <= 10_000, "must be at most 10000");

/** Exact to the wei, of which a gwei has 10^9. In wei. */
export const gwei = z
  .string()
  .regex(
    /^[0-9]{1,9}(?:\.[0-9]{1,9})?$/,
    "must be gwei as a decimal number with at most 9 decimals, such as 30 or 0.05",
  )
  .transform((text) => {
    const [whole = "", fraction = ""] = text.split(".");
    return BigInt(whole + fraction.padEnd(9, "0"));
  })
  .refine((wei) => wei > 0n, "must be more than 0");

export const flag = z
  .enum(["true", "false"], "must be true or false")
  .default("false")
  .transform((text) => text === "true");
