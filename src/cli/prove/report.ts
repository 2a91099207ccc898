import type { Judgement, Mark } from "../../chain/court.ts";
import { checksumAddress } from "../../core/address.ts";
import { type Contradiction, contradictionText, sourcesOf } from "../../core/arbitration/contradiction.ts";
import type { Place, Statements } from "../../core/arbitration/statement.ts";
import { UNJUDGED, type Unjudged } from "../../core/arbitration/unjudged.ts";
import { toHex } from "../../core/bytes.ts";
import { printable } from "../verify/report.ts";

/** What bringing evidence can come to, and the exit code of each. 1 to 3 are faults, wrong usage, and a chain that does not answer. */
export const EXIT_CODES = {
  /** The contract has marked the log. */
  PROVEN: 0,
  /** It had before; nothing was sent. */
  ALREADY_MARKED: 0,
  /** It would: it was asked, and nothing was sent, as was wished. */
  ACCEPTED: 0,
  /** A contradiction was written down, and the contract was not asked, as was wished. */
  FOUND: 0,
  NO_CONTRADICTION: 5,
  /** There is a contradiction, and no function of the contract that takes it. */
  NOT_JUDGEABLE: 6,
  /** The contract does not take it as evidence. */
  REFUSED: 7,
} as const;

export type Outcome = {
  verdict: keyof typeof EXIT_CODES;
  place: Place;
  statements: Statements;
  /** The one that was chosen, of how many. */
  contradiction?: Contradiction | undefined;
  found: number;
  unjudged: readonly Unjudged[];
  /** The name of the contract's error. */
  refusal?: string;
  /** What accepting would cost, when it was only tried out. */
  gas?: bigint;
  judgement?: Judgement;
  marked?: Mark | undefined;
};

/** More lines of one sort than a person reads; `--json` has them all. */
const MOST_LINES = 20;

export function outcomeText(outcome: Outcome): string {
  const { place, statements, contradiction, found, unjudged, judgement, verdict } = outcome;
  const { heads, checkpoints, deltas, leftOut } = statements;
  const lines = [
    `log ${toHex(place.log)} of contract ${checksumAddress(place.contract)} on chain ${place.chainId}`,
    `evidence: ${deltas.length} proven deltas, ${heads.length} heads, ${checkpoints.length} checkpoints`,
    ...leftOut
      .slice(0, MOST_LINES)
      .map(({ source, what, failure, detail }) => `left out: ${what} of ${source}: ${failure}: ${detail}`),
    ...(leftOut.length > MOST_LINES ? [`left out: ${leftOut.length - MOST_LINES} more`] : []),
    ...unjudged
      .slice(0, MOST_LINES)
      .map(({ name, detail, ledger }) => `${name}: ledger ${checksumAddress(ledger)}: ${detail}. ${UNJUDGED[name]}`),
    ...(unjudged.length > MOST_LINES ? [`${unjudged.length - MOST_LINES} more of that sort`] : []),
    ...(contradiction ? [`${contradiction.judgedBy}: ${contradictionText(contradiction)}`] : []),
    ...(found > 1 ? [`the first of ${found} contradictions; one is enough`] : []),
    ...(judgement ? [`transaction ${judgement.transactionHash}`] : []),
  ];
  return `${[...lines, `${verdict.replaceAll("_", " ")}: ${meaning(outcome)}`].map(printable).join("\n")}\n`;
}

function meaning({ verdict, refusal, gas, judgement, marked }: Outcome): string {
  const since = marked ? `since block ${marked.blockNumber} (${timeText(marked.blockTime)})` : "";
  switch (verdict) {
    case "PROVEN":
      return `in block ${judgement!.blockNumber} at ${timeText(judgement!.blockTime)}, for ${judgement!.gasUsed} gas; the log is marked ${since}`;
    case "ALREADY_MARKED":
      return `the log is marked ${since}; nothing was sent`;
    case "ACCEPTED":
      return `the contract would mark the log, for some ${gas} gas; nothing was sent`;
    case "FOUND":
      return "the contract would have to be asked; nothing was sent";
    case "NO_CONTRADICTION":
      return "nothing in the evidence contradicts anything else in it";
    case "NOT_JUDGEABLE":
      return "these contradictions are evidence for people; the contract has no function that could judge them";
    case "REFUSED":
      return `the contract does not take this as evidence: ${refusal}`;
  }
}

function timeText(seconds: bigint): string {
  return new Date(Number(seconds) * 1000).toISOString();
}

export function outcomeJson(outcome: Outcome): string {
  const { verdict, place, statements, contradiction, found, unjudged, refusal, gas, judgement, marked } = outcome;
  const { heads, checkpoints, deltas, leftOut } = statements;
  const report = {
    verdict,
    chainId: place.chainId.toString(),
    contract: checksumAddress(place.contract),
    log: toHex(place.log),
    evidence: { deltas: deltas.length, heads: heads.length, checkpoints: checkpoints.length },
    leftOut,
    contradiction: contradiction
      ? {
          function: contradiction.judgedBy,
          ledger: checksumAddress(contradiction.ledger),
          sequence: contradiction.sequence.toString(),
          detail: contradictionText(contradiction),
          sources: sourcesOf(contradiction),
        }
      : null,
    found,
    unjudged: unjudged.map((one) => ({
      ...one,
      ledger: checksumAddress(one.ledger),
      sequence: one.sequence.toString(),
    })),
    refusal: refusal ?? null,
    gas: (judgement?.gasUsed ?? gas)?.toString() ?? null,
    transactionHash: judgement?.transactionHash ?? null,
    blockNumber: judgement?.blockNumber.toString() ?? null,
    blockTime: judgement?.blockTime.toString() ?? null,
    marked: marked ? { blockNumber: marked.blockNumber.toString(), blockTime: marked.blockTime.toString() } : null,
  };
  return `${JSON.stringify(report, null, 2).split("\n").map(printable).join("\n")}\n`;
}
