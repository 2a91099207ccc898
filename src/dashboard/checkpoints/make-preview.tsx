import { Alert, Box, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { formatUnits, units } from "../../sdk/amounts.ts";
import { useSession } from "../app/session.tsx";
import { Amount } from "../look/amount.tsx";
import { Fact, Facts } from "../look/facts.tsx";
import { Outcome } from "../look/outcome.tsx";
import { choiceText, monthOf, type WindowChoice, windowInput } from "./windows.ts";

type Props = {
  /** Null for every customer. */
  customerId: string | null;
  window: WindowChoice;
};

/** What a checkpoint over a window would state, derived from the record now. */
export function MakePreview({ customerId, window }: Props) {
  return (
    <Box className="surface" p="md" role="status" aria-label="What will be closed">
      {isOpen(window) && (
        <Alert variant="light" mb="sm" styles={{ root: { background: "var(--wait-soft)" } }}>
          <Text fz="sm" c="var(--wait)">
            This period is not over: the statement covers what is recorded until now.
          </Text>
        </Alert>
      )}
      {customerId === null ? <Everybody window={window} /> : <OneCustomer customerId={customerId} window={window} />}
    </Box>
  );
}

function Everybody({ window }: { window: WindowChoice }) {
  const { pac } = useSession();
  const summary = useQuery({ queryKey: ["summary"], queryFn: () => pac.balance.summary() });
  return (
    <Outcome query={summary} lines={1}>
      {({ customers }) => (
        <Text fz="sm">
          One statement for each of the {customers.toLocaleString("en")} customers that has a delta in{" "}
          {choiceText(window)}, anchored together.
        </Text>
      )}
    </Outcome>
  );
}

function OneCustomer({ customerId, window }: { customerId: string; window: WindowChoice }) {
  const { pac } = useSession();
  const asked = windowInput(window);
  const derived = useQuery({
    queryKey: ["derive", customerId, asked, "preview"],
    queryFn: () => pac.balance.derive(customerId, { ...asked, limit: 1 }),
  });
  return (
    <Outcome query={derived} lines={3}>
      {({ deltasCount, computedBalanceExact, deltas }) => {
        const [first] = deltas;
        if (!first) return <Text fz="sm">No delta is recorded in this window: the statement will say just that.</Text>;
        const opening = units(first.balanceExact) - units(first.deltaExact);
        return (
          <Facts>
            <Fact name="Deltas">{`${deltasCount.toLocaleString("en")}, from delta ${first.sequence.toLocaleString("en")} on`}</Fact>
            <Fact name="Opening balance">
              <Amount exact={formatUnits(opening)} />
            </Fact>
            <Fact name="Net change">
              <Amount exact={computedBalanceExact} signed />
            </Fact>
            <Fact name="Closing balance">
              <Amount exact={formatUnits(opening + units(computedBalanceExact))} />
            </Fact>
          </Facts>
        );
      }}
    </Outcome>
  );
}

function isOpen(window: WindowChoice): boolean {
  if (window.kind === "month") return window.period === monthOf(Date.now());
  return window.kind === "dates" && window.endDate >= new Date().toISOString().slice(0, 10);
}
