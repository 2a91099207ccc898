import { ADDRESS, HASH, objectAt, ShapeError } from "../../core/shape.ts";
import { JsonTextError, parseStrictJson } from "../../core/strict-json.ts";
import { verifyFile } from "../../core/verify-file.ts";
import { printable } from "../verify/report.ts";
import { fetchBytes, readInput, SourceError } from "../verify/source.ts";

/** Where anchors are, as somebody claims. */
export type ClaimedPlace = {
  chainId: bigint;
  contract: Uint8Array;
  log: Uint8Array;
  codeHash?: Uint8Array;
  namespace?: Uint8Array;
};

/**
 * What a server or a file of evidence says about where its anchors are, and whose word that is. A file must pass steps 1 to 5.
 *
 * @throws SourceError
 */
export async function claimOf(name: string): Promise<{ claim: ClaimedPlace; by: string }> {
  if (/^https?:\/\//i.test(name)) {
    if (!URL.canParse(name)) throw new SourceError(`${printable(name)} is not a URL`);
    const url = new URL("/api/v1/chain", name);
    return { claim: chainOf(url, await fetchBytes(url)), by: `the server at ${url.host}` };
  }
  const { steps, anchors, receipt } = verifyFile(await readInput(name));
  const failed = steps.find((step) => step.outcome === "failed");
  const [anchor] = anchors;
  if (!anchor)
    throw new SourceError(
      `${name} is no evidence: ${failed?.outcome === "failed" ? `${failed.failure}: ${printable(failed.detail)}` : "it names no anchor"}`,
    );
  const { chainId, contract, log } = anchor;
  const namespace = receipt?.kind === "delta" ? receipt.namespace : undefined;
  return { claim: { chainId, contract, log, ...(namespace && { namespace }) }, by: "the file" };
}

function chainOf(url: URL, bytes: Uint8Array): ClaimedPlace {
  try {
    const { chainId, contract, log, codeHash } = objectAt("data", objectAt("answer", parseStrictJson(bytes)).data);
    if (typeof chainId !== "number" || !Number.isSafeInteger(chainId) || chainId < 0)
      throw new ShapeError("data.chainId", "must be a whole number");
    return {
      chainId: BigInt(chainId),
      contract: ADDRESS.decode("data.contract", contract),
      log: HASH.decode("data.log", log),
      codeHash: HASH.decode("data.codeHash", codeHash),
    };
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof JsonTextError)) throw error;
    throw new SourceError(`what answers at ${url.href} is no such server: ${printable(error.message)}`, {
      cause: error,
    });
  }
}
