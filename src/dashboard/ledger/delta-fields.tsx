import { Text } from "@mantine/core";
import type { DeltaDetail } from "../../sdk/answers.ts";
import { Amount } from "../look/amount.tsx";
import { Fact, Facts } from "../look/facts.tsx";
import { Hash } from "../look/hash.tsx";
import { State } from "../look/state.tsx";

/** What a delta says. */
export function DeltaFields({ delta }: { delta: DeltaDetail }) {
  const { deltaExact, balanceExact, sequence, status, reason, referenceId, adjusts } = delta;
  const adjusted = adjusts?.recordId ?? adjusts?.referenceId;
  return (
    <div>
      <Amount exact={deltaExact} signed fz={28} fw={650} lh={1.3} style={{ whiteSpace: "normal" }} />
      <Text fz="sm" c="dimmed" mb="sm">
        leaves a balance of <Amount exact={balanceExact} style={{ whiteSpace: "normal" }} />
      </Text>
      <Facts>
        <Fact name="Status">
          <State status={status} />
        </Fact>
        <Fact name="Sequence">{sequence}</Fact>
        <Fact name="Customer">{delta.customerId ?? <Erased />}</Fact>
        <Fact name="Reason">{reason ?? <Erased />}</Fact>
        <Fact name="Reference">{referenceId ?? (reason === null ? <Erased /> : "none")}</Fact>
        {adjusted !== undefined && <Fact name="Corrects">{adjusted}</Fact>}
        <Fact name="Record id">
          <Hash value={delta.recordId} name="record id" whole />
        </Fact>
        <Fact name="Receipt id">
          <Hash value={delta.receiptId} name="receipt id" whole />
        </Fact>
        <Fact name="Commitment">
          <Hash value={delta.commitment} name="commitment" whole />
        </Fact>
      </Facts>
    </div>
  );
}

function Erased() {
  return (
    <Text span fz="sm" c="dimmed" fs="italic">
      erased
    </Text>
  );
}
