import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";

const REQUESTS = new URL("./llm-requests.csv", import.meta.url);

/** What a token costs, in millionths of the currency. */
const PROMPT_PRICE = 3;
const GENERATED_PRICE = 15;

/** Everything of a delta's JSON that does not depend on its customer: of a real request to a language model. */
type Usage = { readonly amount: string; readonly metadata: string };

let usage: readonly Usage[] | undefined;

function usageRows(): readonly Usage[] {
  usage ??= (parse(readFileSync(REQUESTS), { columns: true }) as Record<string, string>[]).map((row) => {
    const [prompt, generated] = [Number(row.ContextTokens), Number(row.GeneratedTokens)];
    const millionths = String(prompt * PROMPT_PRICE + generated * GENERATED_PRICE).padStart(7, "0");
    const at = `${row.TIMESTAMP?.slice(0, 10)}T${row.TIMESTAMP?.slice(11, 23)}Z`;
    return {
      amount: `-${millionths.slice(0, -6)}.${millionths.slice(-6)}`,
      metadata: JSON.stringify({ at, promptTokens: prompt, generatedTokens: generated }),
    };
  });
  return usage;
}

export type Deltas = {
  readonly count: number;
  /** The customer of delta number n, from 0. */
  readonly customerOf: (n: number) => number;
  /** Whether each has an idempotency key of its own, as a line of a stream. */
  readonly keys?: boolean;
};

/** Deltas as JSON texts: real requests, in their order and again from the first, with a reason, a reference and metadata. */
export function* deltaTexts({ count, customerOf, keys = false }: Deltas): Generator<string> {
  const rows = usageRows();
  for (let n = 0; n < count; n++) {
    const { amount, metadata } = rows[n % rows.length]!;
    const key = keys ? `,"idempotencyKey":"usage-${n}"` : "";
    yield `{"customerId":"${customerId(customerOf(n))}","delta":"${amount}","reason":"llm_request","referenceId":"req-${n}","metadata":${metadata}${key}}`;
  }
}

export function customerId(customer: number): string {
  return `cust_${String(customer).padStart(6, "0")}`;
}

/** One of so many customers, drawn anew for each delta; the same in every run (Numerical Recipes' generator of 32 bits). */
export function drawn(customers: number): (n: number) => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * customers);
  };
}

/** One customer after the other. */
export function inTurn(customers: number): (n: number) => number {
  return (n) => n % customers;
}
