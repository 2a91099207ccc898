import { readFileSync } from "node:fs";
import { fromHex, type Hex, toHex } from "../../src/core/bytes.ts";
import { keccak } from "../../src/core/keccak.ts";
import type { StepFailure } from "../../src/core/step-failures.ts";
import { type Step, type StepName, verifyReceipt } from "../../src/core/verify-receipt.ts";
import { openWitness, type WitnessSettings } from "../../src/witness/witness.ts";
import { DemoFailure } from "./failure.ts";

const ARTIFACT = new URL("../../artifacts/contracts/AnchorLog.sol/AnchorLog.json", import.meta.url);

/** keccak-256 of the runtime code that this project's own sources compile to: what no server and no receipt can choose. */
export function expectedCodeHash(): Hex {
  const { deployedBytecode, immutableReferences, deployedLinkReferences } = JSON.parse(readFileSync(ARTIFACT, "utf8"));
  // Such places are filled in at deployment: the code on chain would then differ from the compiler's.
  if (Object.keys({ ...immutableReferences, ...deployedLinkReferences }).length > 0) {
    throw new DemoFailure("the contract has immutables or linked libraries: its code hash cannot be told beforehand");
  }
  return toHex(keccak(fromHex(deployedBytecode)));
}

/** All six steps over a receipt's JSON value, up to the first that fails: 1 to 5 from the file alone, 6 from the chain. */
export async function verifyAll(file: unknown, settings: WitnessSettings): Promise<Step[]> {
  const { steps, receipt } = verifyReceipt(file);
  if (!receipt || steps.at(-1)?.outcome === "failed") return steps;
  return [...steps, await openWitness(settings).check(receipt.anchor)];
}

/** Whether every step was done, and none failed or left out. */
export function isProven(steps: readonly Step[]): boolean {
  return steps.length === 6 && steps.every(({ outcome }) => outcome === "passed");
}

type Fields = Record<string, string>;
/** The members of a delta's receipt file that are tampered with here. */
type OpenReceipt = { content: Fields; delta: Fields; head: Fields; anchor: Fields };

/** One cheat after the other: the field, what is done to it, and the step that must notice. */
const TAMPERING: ReadonlyArray<{ field: string; step: StepName; change: (receipt: OpenReceipt) => void }> = [
  { field: "content.reason", step: "content", change: ({ content }) => append(content, "reason", " (corrected)") },
  { field: "delta.balance", step: "fingerprint", change: ({ delta }) => add(delta, "balance", 10n ** 18n) },
  { field: "head.root", step: "ledger", change: ({ head }) => flip(head, "root") },
  { field: "anchor.root", step: "anchor", change: ({ anchor }) => flip(anchor, "root") },
  { field: "anchor.index", step: "chain", change: ({ anchor }) => add(anchor, "index", 1n) },
];

/** How a receipt with one changed field fares. */
export type Tampered = {
  field: string;
  expected: StepName;
  noticed: StepName | undefined;
  failure: StepFailure | undefined;
};

/** Changes one field of a good receipt at a time, and verifies what comes of it. */
export async function tamper(file: string, settings: WitnessSettings): Promise<Tampered[]> {
  const outcomes: Tampered[] = [];
  for (const { field, step: expected, change } of TAMPERING) {
    const receipt = JSON.parse(file) as OpenReceipt;
    change(receipt);
    const last = (await verifyAll(receipt, settings)).at(-1);
    const failed = last?.outcome === "failed" ? last : undefined;
    outcomes.push({ field, expected, noticed: failed?.name, failure: failed?.failure });
  }
  return outcomes;
}

function append(fields: Fields, name: string, text: string): void {
  fields[name] = `${fields[name]}${text}`;
}

function add(fields: Fields, name: string, more: bigint): void {
  fields[name] = String(BigInt(fields[name] ?? 0) + more);
}

/** Another last hex digit. */
function flip(fields: Fields, name: string): void {
  const text = fields[name] ?? "";
  fields[name] = `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`;
}
