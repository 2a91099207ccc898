import { ChainUnavailableError } from "../core/errors.ts";
import { MAX_ENDPOINTS } from "../core/policy.ts";
import type { StepFailure } from "../core/step-failures.ts";
import { type Endpoint, type EndpointSettings, openEndpoint } from "./endpoint.ts";
import type { Reader } from "./reader.ts";

/** What is wrong according to one endpoint, or to all. */
export type Failure = { failure: StepFailure; detail: string };
export type Finding = Failure | { passed: string };

/** The endpoints of some URLs. The same URL twice is one witness, not two. @throws RangeError for more than MAX_ENDPOINTS. */
export function openEndpoints(urls: readonly string[], { fetch }: Pick<EndpointSettings, "fetch"> = {}): Endpoint[] {
  const distinct = [...new Set(urls.map((url) => new URL(url).href))];
  if (distinct.length > MAX_ENDPOINTS) throw new RangeError(`more than ${MAX_ENDPOINTS} endpoints`);
  return distinct.map((url, i) => openEndpoint(url, { fetch, ordinal: distinct.length > 1 ? i + 1 : undefined }));
}

/**
 * What all witnesses find, when it is the same; otherwise that they disagree, and who said what. Each is asked on its own.
 *
 * @param enough how many have to answer: all of them unless it is given, since a witness that was called and is silent is not left out.
 * @throws ChainUnavailableError naming each that did not answer, where fewer than that did.
 */
export async function agreement(
  witnesses: readonly Reader[],
  work: (witness: Reader) => Promise<Finding>,
  enough = witnesses.length,
): Promise<Finding> {
  const settled = await Promise.allSettled(witnesses.map(work));
  const silent: ChainUnavailableError[] = [];
  const findings: { by: string; finding: Finding }[] = [];
  for (const [i, outcome] of settled.entries()) {
    if (outcome.status === "fulfilled") findings.push({ by: witnesses[i]!.name, finding: outcome.value });
    else if (outcome.reason instanceof ChainUnavailableError) silent.push(outcome.reason);
    else throw outcome.reason;
  }
  if (findings.length < enough)
    throw new ChainUnavailableError(silent.map(({ message }) => message).join("; "), { cause: silent[0] });
  if (new Set(findings.map(({ finding }) => verdictOf(finding))).size === 1) return findings[0]!.finding;
  const said = findings.map(({ by, finding }) => `${by} says ${verdictOf(finding)}`);
  return { failure: "ENDPOINTS_DISAGREE", detail: said.join(", ") };
}

function verdictOf(finding: Finding): string {
  return "failure" in finding ? finding.failure : "that it is so";
}

/** A reader that asks for the chain's id and a contract's code once. */
export function rememberingPlace(reader: Reader): Reader {
  const codes = new Map<string, Promise<Uint8Array>>();
  let chainId: Promise<bigint> | undefined;
  return {
    ...reader,
    chainId() {
      chainId ??= reader.chainId();
      return chainId;
    },
    code(address) {
      const known = codes.get(address) ?? reader.code(address);
      codes.set(address, known);
      return known;
    },
  };
}
