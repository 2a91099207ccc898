import { fromHex, sameBytes } from "../../core/bytes.ts";
import { type Content, canonicalJson } from "../../core/content.ts";
import { leafOf, selectionFingerprint } from "../../core/fingerprint.ts";
import { verifyInclusion } from "../../core/proof.ts";
import { ANCHOR, type AnchorReference, PROOF, type Receipt } from "../../core/receipt.ts";
import { recordIdOf } from "../../core/record-id.ts";
import { ADDRESS, HASH, ShapeError } from "../../core/shape.ts";
import type { Expected } from "../../core/verify-receipt.ts";
import type { CheckpointView, DeltaDetail, DeltaView, DerivationView } from "../answers.ts";
import type { Moment } from "../checking.ts";
import { TallyrootApiError, TallyrootVerificationError } from "../errors.ts";
import type { DeriveInput } from "../requests.ts";
import { sentScope } from "../sending.ts";
import type { CallOptions, Query, Transport } from "../transport.ts";
import type { VerificationView } from "../verification-answers.ts";
import { expect, refuse } from "./answer-failures.ts";
import { decoded, type KnownDelta, type KnownDeltas } from "./known-deltas.ts";
import type { Verification, Witness } from "./verify-receipt.ts";

/** Deltas of one page. */
const PAGE = 1_000;
/** Questions at a time. */
const AT_ONCE = 4;

/** Evidence for one answer: it is asked for as it is needed, and what the chain said about an anchor holds for this answer. */
export type Evidence = ReturnType<typeof openEvidence>;

export type EvidenceParts = { transport: Transport; verification: Verification; known: KnownDeltas };

/** @param sent when the question was sent whose answer is checked. */
export function openEvidence(
  { transport, verification, known }: EvidenceParts,
  sent: Moment,
  options: Pick<CallOptions, "signal">,
) {
  const asked = new Map<string, ReturnType<Witness>>();
  const witness: Witness = (anchors) => {
    const key = JSON.stringify(anchors.map((anchor) => ANCHOR.encode(anchor)));
    const step = asked.get(key) ?? verification.witness(anchors);
    asked.set(key, step);
    return step;
  };

  async function get<T>(path: string, query: Query = {}): Promise<T> {
    return (await transport.send({ ...options, method: "GET", path, query })).data as T;
  }

  /** One delta of a ledger, from what is known or from the server; undefined when there is none. */
  async function deltaAt(ledger: string, sequence: number): Promise<KnownDelta | undefined> {
    const remembered = known.at(ledger, sequence);
    if (remembered) return remembered;
    const recordId = recordIdOf(decoded(ADDRESS, "ledgerIdentifier", ledger), sequence);
    const view = await unless404(get<DeltaDetail>(`/balance/delta/${recordId}`));
    if (!view) return undefined;
    const isIt = view.recordId === recordId;
    expect(isIt, "NOT_WHAT_WAS_ASKED", `${recordId} was asked for, ${view.recordId} was answered`);
    return known.take(view);
  }

  /** The same of a delta that must be there. */
  async function mustBeAt(ledger: string, sequence: number): Promise<KnownDelta> {
    return (
      (await deltaAt(ledger, sequence)) ?? refuse("NOT_SHOWN", `delta ${sequence} of ledger ${ledger} is not answered`)
    );
  }

  /** Deltas first to last, a page at a time; those that are known are not asked for. */
  async function deltasOf(customerId: string, ledger: string, first: number, last: number): Promise<KnownDelta[]> {
    const found: KnownDelta[] = [];
    while (found.length < last - first + 1) {
      const sequence = first + found.length;
      const remembered = known.at(ledger, sequence);
      if (remembered) {
        found.push(remembered);
        continue;
      }
      const limit = Math.min(PAGE, last - sequence + 1);
      const query = { offset: sequence - 1, limit };
      const { deltas } = await get<DerivationView>(`/balance/derive/${encodeURIComponent(customerId)}`, query);
      const right =
        deltas.length === limit &&
        deltas.every((delta, i) => delta.sequence === sequence + i && delta.ledgerIdentifier === ledger);
      expect(
        right,
        "NOT_WHAT_WAS_ASKED",
        `deltas ${sequence} to ${sequence + limit - 1} were asked for, others were answered`,
      );
      found.push(...deltas.map(known.take));
    }
    return found;
  }

  /**
   * The receipt of something that is said to be VERIFIED, after all six steps.
   *
   * @throws TallyrootVerificationError with the step that failed; NOT_SHOWN where there is no receipt.
   */
  async function receiptFor(fingerprint: string, expected: Expected = {}): Promise<Receipt> {
    const file =
      (await unless404(receiptFile(transport, fingerprint, options))) ??
      refuse("NOT_SHOWN", `${fingerprint} is said to be VERIFIED, and has no receipt`);
    return verifiedReceipt(fingerprint, file, expected);
  }

  async function verifiedReceipt(fingerprint: string, file: Uint8Array, expected: Expected = {}): Promise<Receipt> {
    const wanted = { ...expected, fingerprint: decoded(HASH, "fingerprint", fingerprint) };
    const verdict = await verification.verify(file, wanted, witness);
    if (verdict.failure) throw new TallyrootVerificationError(verdict.failure, verdict.detail, verdict.step);
    expect(verdict.verified && verdict.receipt !== undefined, "NOT_SHOWN", verdict.detail);
    return verdict.receipt;
  }

  /** That a delta is VERIFIED, and what was shown of its content is what is anchored. */
  async function expectVerified(delta: KnownDelta): Promise<Receipt> {
    const receipt = await receiptFor(delta.receiptId, { ledger: delta.ledger });
    if (receipt.kind === "delta" && receipt.content) expectContent(receipt.content, delta.view);
    return receipt;
  }

  /** That a selection is anchored: it has no file of its own, so its proof is read from the public answer. */
  async function expectSelectionVerified({ proofRoot }: Pick<CheckpointView, "proofRoot">): Promise<void> {
    const { verification } = await get<VerificationView>(`/verify/${proofRoot}`);
    if (!verification) refuse("NOT_SHOWN", `${proofRoot} is said to be VERIFIED, and has no proof`);
    const { index } = verification;
    const { size, blockTime } = await get<{ size: number; blockTime: string }>(`/anchors/${index}`);
    const anchor = readAnchor({
      ...pick(verification, ["contract", "log", "root", "blockHash"]),
      ...texts({ chainId: verification.chainId, index, size, blockNumber: verification.blockNumber }),
      transactionHash: verification.verificationReference,
      blockTime: String(Date.parse(blockTime) / 1000),
    });
    const proof = readProof(verification.proof.anchorProof);
    const leads = verifyInclusion(leafOf(decoded(HASH, "proofRoot", proofRoot)), proof, anchor.root);
    expect(leads, "ANCHOR_PROOF_INVALID", "the proof does not lead from the selection to the anchored root");
    const step = await witness([anchor]);
    if (step.outcome === "failed") throw new TallyrootVerificationError(step.failure, step.detail, step.step);
    expect(step.outcome === "passed", "NOT_SHOWN", step.detail);
  }

  /** A derivation of one delta, as it is answered. */
  const derive = (customerId: string, scope: DeriveInput): Promise<DerivationView> =>
    get(`/balance/derive/${encodeURIComponent(customerId)}`, { ...sentScope(scope), limit: 1 });

  /** The ledger of a customer. @throws TallyrootVerificationError when it is not */
  async function ledgerOf(customerId: string): Promise<Pick<DerivationView, "ledgerIdentifier">> {
    const { ledgerIdentifier } = await derive(customerId, {});
    known.expectLedger(customerId, ledgerIdentifier);
    return { ledgerIdentifier };
  }

  return {
    known,
    sent,
    get,
    derive,
    ledgerOf,
    deltaAt,
    mustBeAt,
    deltasOf,
    receiptFor,
    verifiedReceipt,
    expectVerified,
    expectSelectionVerified,
  };
}

/** The receipt file of a fingerprint; the blind one where its content was erased. @throws TallyrootApiError NOT_FOUND */
export async function receiptFile(
  transport: Transport,
  fingerprint: string,
  options: CallOptions = {},
): Promise<Uint8Array> {
  const fetchFile = async (path: string) =>
    (await transport.send({ ...options, method: "GET", path, expects: "file" })).data as Uint8Array;
  try {
    return await fetchFile(`/balance/receipts/${fingerprint}`);
  } catch (error) {
    const mayBeBlind = ["CONTENT_ERASED", "INVALID_API_KEY"];
    if (!(error instanceof TallyrootApiError) || !mayBeBlind.includes(error.code)) throw error;
    return fetchFile(`/receipt/${fingerprint}`);
  }
}

/** Does work for each element, a few at a time. */
export async function forEach<T>(elements: readonly T[], work: (element: T) => Promise<unknown>): Promise<void> {
  const rest = elements.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const element of rest) await work(element);
    }),
  );
}

/** What a view shows of a content is what its commitment hashes. */
export function expectContent(
  content: Content,
  view: Pick<DeltaView, "customerId" | "reason" | "referenceId"> & Partial<DeltaView>,
): void {
  const shown = {
    customerId: view.customerId,
    reason: view.reason,
    referenceId: view.referenceId,
    ...("metadata" in view && { metadata: view.metadata, adjusts: view.adjusts ?? null }),
  };
  const committed = {
    customerId: content.customerId,
    reason: content.reason,
    referenceId: content.referenceId ?? null,
    ...("metadata" in view && { metadata: content.metadata ?? null, adjusts: content.adjusts ?? null }),
  };
  const same = canonicalJson(shown) === canonicalJson(committed);
  expect(same, "COMMITMENT_MISMATCH", "what is shown of the delta is not what is anchored");
}

/** That a selection's members give its proofRoot. */
export function expectSelection(view: CheckpointView, netChange: bigint): void {
  const fields = {
    ledger: decoded(ADDRESS, "ledgerIdentifier", view.ledgerIdentifier),
    count: view.deltasCount,
    netChange,
    root: decoded(HASH, "merkleRoot", view.merkleRoot),
  };
  const same = sameBytes(selectionFingerprint(fields), fromHex(view.proofRoot, 32));
  expect(same, "FINGERPRINT_MISMATCH", `the fields of ${view.checkpointId} do not give its proofRoot`);
}

async function unless404<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TallyrootApiError && error.status === 404) return undefined;
    throw error;
  }
}

function readAnchor(fields: unknown): AnchorReference {
  return malformedUnless(() => ANCHOR.decode("anchor", fields));
}

function readProof(hashes: unknown): Uint8Array[] {
  return malformedUnless(() => PROOF.decode("anchorProof", hashes));
}

function malformedUnless<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return refuse("ANSWER_MALFORMED", error.message);
  }
}

function pick<T, K extends keyof T>(value: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, value[name]])) as Pick<T, K>;
}

function texts(numbers: Record<string, number>): Record<string, string> {
  return Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, String(number)]));
}
