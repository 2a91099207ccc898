import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { TallyrootApiError } from "../../sdk/errors.ts";
import { useSession } from "../app/session.tsx";
import { Moment } from "../look/moment.tsx";
import { Outcome } from "../look/outcome.tsx";
import { Sign } from "../look/sign.tsx";
import { Surface } from "../look/surface.tsx";

type Checks = Record<string, { ok: boolean; detail: string }>;

/** Whether the server can do its work now, part by part. */
export function Health() {
  const { pac } = useSession();
  const health = useQuery({ queryKey: ["ready"], queryFn: () => checksOf(() => pac.chain.ready()) });
  return (
    <Surface title="Health">
      <Outcome query={health} lines={2}>
        {(checks) => (
          <Stack gap="sm">
            {Object.entries(checks).map(([name, { ok, detail }]) => (
              <Sign key={name} ok={ok} name={name} detail={<Detail text={detail} />} />
            ))}
            {Object.values(checks).some(({ ok }) => !ok) && (
              <Text fz="sm">
                Recording goes on meanwhile, and what is recorded is safe. The server's log says more.
              </Text>
            )}
          </Stack>
        )}
      </Outcome>
    </Surface>
  );
}

/** A server that is not ready says so as a refusal; here it is an answer. */
async function checksOf(ask: () => Promise<{ checks: Checks }>): Promise<Checks> {
  try {
    return (await ask()).checks;
  } catch (error) {
    if (error instanceof TallyrootApiError && error.details.checks) return error.details.checks as Checks;
    throw error;
  }
}

/** What the server says of a part, with its times as people read them. */
function Detail({ text }: { text: string }) {
  return (
    text
      .split(/(?:\bat )?(\d{4}-\d\d-\d\dT[\d:.]+Z)/)
      // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text do not change places
      .map((piece, i) => (i % 2 === 0 ? piece : <Moment key={i} time={piece} relative />))
  );
}
