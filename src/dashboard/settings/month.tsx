import { Progress, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSession } from "../app/session.tsx";
import { Outcome } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";

/** Of a hundred: from here on the quota is worth a look. */
const NEARLY = 90;

/** What was recorded this month, and what the quota leaves. */
export function Month() {
  const { pac } = useSession();
  const usage = useQuery({ queryKey: ["usage"], queryFn: () => pac.balance.usage() });
  return (
    <Surface title="This month">
      <Outcome query={usage} lines={2}>
        {({ used, allowed, remaining, period }) => {
          if (allowed === null || remaining === null)
            return (
              <Text fz="sm">
                <strong>{count(used)}</strong> deltas recorded in {period} (UTC). There is no quota.
              </Text>
            );
          const part = Math.min(100, Math.floor((used / allowed) * 100));
          return (
            <>
              <Text fz="sm" mb={8}>
                <strong>{count(used)}</strong> of {count(allowed)} deltas recorded in {period} (UTC), {count(remaining)}{" "}
                left.
              </Text>
              <Progress
                value={part}
                size="lg"
                color={part >= NEARLY ? "red.9" : "root.8"}
                aria-label={`quota of ${period}, used part in percent`}
              />
              {remaining === 0 && (
                <Text fz="sm" mt={8} c="var(--bad)">
                  The quota is used up: recording is refused until the next month, or until the operator raises it.
                </Text>
              )}
            </>
          );
        }}
      </Outcome>
    </Surface>
  );
}

function count(value: number): string {
  return value.toLocaleString("en");
}
