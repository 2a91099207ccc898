import type { z } from "zod";
import type { ErrorCode } from "../core/errors.ts";
import type { KeyMode } from "../ledger/api-keys.ts";
import type { Contents } from "../ledger/contents.ts";
import type { AnchorPlace, Witness } from "../ledger/ports/anchoring.ts";
import type { CheckpointStore } from "../ledger/ports/checkpoints.ts";
import type { EffectStore } from "../ledger/ports/effects.ts";
import type { ErasureStore } from "../ledger/ports/erasure.ts";
import type { LedgerStore, Tenant } from "../ledger/ports/ledgers.ts";
import type { SurveyStore } from "../ledger/ports/survey.ts";
import type { Scope, TenantStore } from "../ledger/ports/tenants.ts";
import type { Deliverer, WebhookStore } from "../ledger/ports/webhooks.ts";
import type { Summaries } from "../ledger/summarize.ts";
import type { Caller } from "./authenticate.ts";
import type { CustomerReach } from "./customer-keys.ts";
import type { Metrics } from "./metrics.ts";
import type { RateLimits } from "./rate-limit.ts";

/** Who may call a route: anybody, a key with at least this scope, or only the operator: an admin key of the tenant `default`. */
export type Access = "public" | Scope | "operator";

/** How the parts behind the API are, for `/readyz`. */
export type Readiness = { ready: boolean; checks: Record<string, { ok: boolean; detail: string }> };

/** The record, and all that stands beside it. */
export type Store = LedgerStore &
  TenantStore &
  EffectStore &
  SurveyStore &
  ErasureStore &
  CheckpointStore &
  WebhookStore;

/** What the routes work with. */
export type Service = {
  store: Store;
  contents: Contents;
  /** Where the record can be read as it was at most so many milliseconds ago. */
  replicas: { asOf(milliseconds: number): Promise<{ reads: Partial<Store>; age: number } | undefined> } | undefined;
  webhooks: Deliverer;
  place: AnchorPlace & { codeHash: Uint8Array; publisher: Uint8Array };
  witness: Witness;
  /** When an anchor is final: blocks from its own on, or the chain's own word. */
  confirmations: number | "finalized" | "safe";
  /** The latest block that the checkpoint job saw; null before it saw one. */
  chainHead: () => number | null;
  /** What new API keys begin with: `pk_test_` or `pk_live_`. */
  keyMode: KeyMode;
  /** Deltas per tenant and UTC month; null for no quota. */
  quota: number | null;
  summaries: Summaries;
  /** Makes the checkpoint job forget the open keys of a ledger. */
  forgetElsewhere: (ledgerId: number) => void;
  /** The RPC endpoint that anybody may use, null where it is not open. */
  rpcUrl: string | null;
  /** Whether the public verification shows reasons and references. */
  showsReasons: boolean;
  /** Where people and programs reach this server, without a trailing slash. */
  publicUrl: () => string;
  /** Unix milliseconds. */
  clock: () => number;
  readiness: () => Promise<Readiness>;
  metrics: Metrics;
  /** What `/metrics` asks for as a bearer token; null where anybody may read it. */
  metricsToken: string | null;
  rateLimits: RateLimits;
  /** Proxies in front of this server, each of which adds the address it saw to X-Forwarded-For. */
  trustedProxies: number;
  /** Origins whose pages may use the routes that need a key. */
  corsOrigins: readonly string[];
};

/** A call, parsed: what a handler sees. */
export type Call<Params, Query, Body> = {
  params: Params;
  query: Query;
  body: Body;
  /** The bytes of the body as they come; only of a route that takes lines. */
  bytes: AsyncIterable<Uint8Array>;
  /** The owner of the key. Only routes that are not public have one. */
  tenant: Tenant;
  /** The tenant with the key itself. */
  caller: Caller;
  idempotencyKey: string | undefined;
  /** Whether the caller named this media type in Accept. */
  accepts: (mediaType: string) => boolean;
  /** The bearer token, for a public route that has a secret of its own. */
  bearer: string | undefined;
  /** The OpenAPI document of the table that this route is in. */
  openApi: string;
};

/** A body that is sent piece by piece, as fast as the caller reads it. */
export type Chunks = {
  chunks: AsyncIterable<string>;
  mediaType: string;
  status?: number;
  headers?: Record<string, string>;
};

/** What a handler answers: data for the envelope, or the JSON text of data; a file as it is; a long body in pieces. */
export type Answer =
  | Chunks
  | { data: object; status?: number; headers?: Record<string, string> }
  | { text: string; status?: number; headers?: Record<string, string> }
  | { file: string | Uint8Array; mediaType: string; headers?: Record<string, string> };

/**
 * One line of the API: everything that dispatch, documentation and tests need to know about it.
 */
export type Route = {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  access: Access;
  /** What a key of one customer sees of this route; without it, nothing. */
  customer?: CustomerReach;
  summary: string;
  /** The status of success. */
  status: 200 | 201;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  /** `lines`: the handler takes the bytes as they come (application/x-ndjson), `body` describing the JSON of each line. */
  takes?: "lines";
  /** Bytes of a body at most, where that is more than usual: such a body is parsed in steps, its lists piece by piece. */
  bodyLimit?: number;
  /** Whether it may be answered from a replica, where the caller says how old an answer may be: it reads the record, and decides nothing. */
  mayBeStale?: true;
  /** Whether its requests wait for the disk, each by itself: when they wait too long, no more are taken for a while. */
  queues?: true;
  /** The data of a success. */
  data: z.ZodType;
  /** Media types of a success, where it is not the envelope alone: `bare` is `data` as it is, `lines` is one JSON text a line. */
  media?: Readonly<Record<string, "envelope" | "bare" | "lines">>;
  /** The codes that this route itself can answer, besides those that any route can. */
  codes: readonly ErrorCode[];
  /** `*` where any page of any site may read the answer. */
  cors?: "*";
  handle(service: Service, call: Call<never, never, never>): Promise<Answer>;
};

type Out<T> = T extends z.ZodType ? z.output<T> : undefined;

/** Ties the types of a route's schemas to its handler. */
export function route<
  P extends z.ZodType | undefined,
  Q extends z.ZodType | undefined,
  B extends z.ZodType | undefined,
>(
  line: Omit<Route, "handle" | "params" | "query" | "body"> & {
    params?: P;
    query?: Q;
    body?: B;
    handle(service: Service, call: Call<Out<P>, Out<Q>, Out<B>>): Promise<Answer>;
  },
): Route {
  return line as unknown as Route;
}
