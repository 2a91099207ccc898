import { SimpleGrid, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSession } from "../app/session.tsx";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { Failure } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";

/** How far the log is, what waits for it, and where it is. */
export function LogFacts() {
  const { pac, customerId } = useSession();
  const whole = customerId === null;
  const place = useQuery({ queryKey: ["chain"], queryFn: () => pac.chain.place() });
  const newest = useQuery({ queryKey: ["anchors", "newest"], queryFn: () => pac.chain.anchors({ limit: 1 }) });
  // The sum over all ledgers is the tenant's own: a key of one customer may not ask for it.
  const summary = useQuery({ queryKey: ["summary"], queryFn: () => pac.balance.summary(), enabled: whole });
  // One word about it is enough: what fails for one of them fails for all as a rule.
  const failed = [place, newest, summary].find(({ error }) => error !== null);
  const anchor = newest.data?.anchors[0];
  const pending = summary.data?.pendingDeltas;

  return (
    <>
      {failed && (
        <Failure
          error={failed.error}
          again={() => void failed.refetch()}
          busy={failed.isFetching}
          stale={failed.data !== undefined}
        />
      )}
      <SimpleGrid cols={{ base: 1, xs: 2, md: whole ? 4 : 3 }} spacing="md" mb="md">
        <Fact
          name="Newest anchor"
          value={newest.data && (anchor ? <a href={`/anchors/${anchor.index}`}>{count(anchor.index)}</a> : "none yet")}
          note={anchor && <Moment time={anchor.blockTime ?? anchor.createdAt} relative c="dimmed" />}
        />
        {whole && (
          <Fact
            name="Waiting for an anchor"
            value={pending !== undefined && count(pending)}
            note={pending === 0 ? "every delta is anchored" : "deltas; they are recorded and safe"}
          />
        )}
        <Fact
          name="Confirmations"
          value={
            place.data && (place.data.finality === "confirmations" ? count(place.data.confirmations) : "by the chain")
          }
          note={
            place.data && place.data.finality !== "confirmations"
              ? `an anchor counts once its block is ${place.data.finality}`
              : `${place.data?.confirmations === 1 ? "block" : "blocks"} until an anchor counts`
          }
        />
        <Fact
          name="Contract"
          value={place.data && <Hash value={place.data.contract} name="contract address" href="/contract" />}
          note={place.data && `on chain ${place.data.chainId}`}
        />
      </SimpleGrid>
    </>
  );
}

type FactProps = { name: string; value: React.ReactNode; note: React.ReactNode };

/** One fact; a value that is not there is still asked for. */
function Fact({ name, value, note }: FactProps) {
  const known = value !== undefined && value !== false;
  return (
    <Surface>
      <Text fz="sm" c="dimmed">
        {name}
      </Text>
      {known ? (
        <Text fz={22} fw={650} lh={1.4} component="div">
          {value}
        </Text>
      ) : (
        <Skeleton height={22} width="60%" my={6} role="status" aria-label="loading" />
      )}
      <Text fz="sm" c="dimmed" component="div">
        {known && note}
      </Text>
    </Surface>
  );
}

function count(value: number): string {
  return value.toLocaleString("en");
}
