import { Text } from "@mantine/core";
import { checksumAddress } from "../../../core/address.ts";
import { formatAmount } from "../../../core/amount.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Consistency } from "../../../core/consistency.ts";
import type { Content } from "../../../core/content.ts";
import type { Uint64 } from "../../../core/fingerprint.ts";
import type { AnchorReference, CheckpointReceipt, DeltaReceipt } from "../../../core/receipt.ts";
import type { FileVerification } from "../../../core/verify-file.ts";
import { Amount } from "../../look/amount.tsx";
import { Surface } from "../../look/surface.tsx";
import { Fields } from "../fields.tsx";
import { Hash } from "../hash.tsx";
import { Moment } from "../moment.tsx";

const TITLES = {
  delta: "What the receipt says",
  checkpoint: "What the statement says",
  consistency: "What the file says",
};

/** What a file says. Whether it is so is the verdict's matter. */
export function Facts({ file: { receipt, consistency } }: { file: FileVerification }) {
  if (receipt)
    return (
      <Surface title={TITLES[receipt.kind]}>
        {receipt.kind === "delta" ? <DeltaFacts receipt={receipt} /> : <StatementFacts receipt={receipt} />}
      </Surface>
    );
  if (consistency)
    return (
      <Surface title={TITLES.consistency}>
        <ConsistencyFacts consistency={consistency} />
      </Surface>
    );
  return null;
}

function DeltaFacts({ receipt: { delta, content, receiptId, head, anchor } }: { receipt: DeltaReceipt }) {
  return (
    <Fields
      fields={[
        ["Amount", <Amount key="amount" exact={formatAmount(delta.amount)} signed fz="lg" fw={650} />],
        ["Balance after it", <Amount key="balance" exact={formatAmount(delta.balance)} />],
        ...contentFields(content),
        ["Recorded", <Time key="time" milliseconds={delta.recordedAt} />],
        ["Delta", `${delta.sequence} of ${head.count} in its ledger`],
        ["Ledger", <Hash key="ledger" value={checksumAddress(delta.ledger)} name="ledger" />],
        ["Receipt id", <Hash key="id" value={toHex(receiptId)} name="receipt id" />],
        ...anchorFields(anchor),
      ]}
    />
  );
}

function contentFields(content: Content | undefined): [string, React.ReactNode][] {
  if (!content)
    return [
      [
        "Customer, reason",
        <Text key="blind" fz="sm" c="dimmed" span>
          {"not shown: this receipt is blind"}
        </Text>,
      ],
    ];
  const { customerId, reason, referenceId, metadata, adjusts } = content;
  return [
    ["Customer", customerId],
    ["Reason", reason],
    ...(referenceId === undefined ? [] : [["Reference", referenceId] satisfies [string, string]]),
    ...(adjusts === undefined ? [] : [["Corrects", Object.values(adjusts).join()] satisfies [string, string]]),
    ...(metadata === undefined
      ? []
      : [
          [
            "Metadata",
            <Text key="metadata" fz="xs" ff="monospace" span>
              {JSON.stringify(metadata)}
            </Text>,
          ] satisfies [string, React.ReactNode],
        ]),
  ];
}

function StatementFacts({ receipt: { checkpoint, deltas, receiptId, anchor } }: { receipt: CheckpointReceipt }) {
  const { from, to, count, firstSequence, openingBalance, closingBalance, ledger } = checkpoint;
  const last = BigInt(firstSequence) + BigInt(count) - 1n;
  return (
    <Fields
      fields={[
        [
          "Period",
          <span key="period">
            <Time milliseconds={from} /> up to, and without, <Time milliseconds={to} />
          </span>,
        ],
        ["Opening balance", <Amount key="opening" exact={formatAmount(openingBalance)} />],
        ["Change", <Amount key="change" exact={formatAmount(closingBalance - openingBalance)} signed />],
        ["Closing balance", <Amount key="closing" exact={formatAmount(closingBalance)} fz="lg" fw={650} />],
        [
          "Deltas",
          BigInt(count) === 0n
            ? "none"
            : `${count}, numbers ${firstSequence} to ${last}${deltas ? ", listed in the file" : ""}`,
        ],
        ["Ledger", <Hash key="ledger" value={checksumAddress(ledger)} name="ledger" />],
        ["Proof root", <Hash key="id" value={toHex(receiptId)} name="proof root" />],
        ...anchorFields(anchor),
      ]}
    />
  );
}

function ConsistencyFacts({ consistency: { ledger, earlier, later } }: { consistency: Consistency }) {
  return (
    <Fields
      fields={[
        ["Earlier", `${earlier.head.count} deltas`],
        ["Its balance", <Amount key="earlier" exact={formatAmount(earlier.head.balance)} />],
        ["Later", `${later.head.count} deltas`],
        ["Its balance", <Amount key="later" exact={formatAmount(later.head.balance)} />],
        ["Ledger", <Hash key="ledger" value={checksumAddress(ledger)} name="ledger" />],
        ...anchorFields(later.anchor),
      ]}
    />
  );
}

function anchorFields({
  chainId,
  contract,
  index,
  blockNumber,
  blockTime,
}: AnchorReference): [string, React.ReactNode][] {
  return [
    [
      "Anchor",
      <span key="anchor">
        number {String(index)}, in block {String(blockNumber)} of <Time milliseconds={blockTime * 1000n} />
      </span>,
    ],
    [
      "Contract",
      <span key="contract">
        <Hash value={checksumAddress(contract)} name="contract" /> on chain {String(chainId)}
      </span>,
    ],
  ];
}

/** The latest moment that a calendar has, in Unix milliseconds. */
const CALENDAR_END = 8_640_000_000_000_000n;

function Time({ milliseconds }: { milliseconds: Uint64 }) {
  const at = BigInt(milliseconds);
  if (at > CALENDAR_END) return <span>{String(at)} ms since 1970</span>;
  return <Moment time={new Date(Number(at)).toISOString()} />;
}
