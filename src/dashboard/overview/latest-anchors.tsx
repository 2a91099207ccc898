import { Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { useSession } from "../app/session.tsx";
import { Moment } from "../look/moment.tsx";
import { Nothing, Outcome } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";

const SHOWN = 5;

/** The newest roots on the chain. */
export function LatestAnchors() {
  const { pac } = useSession();
  const anchors = useQuery({ queryKey: ["anchors", SHOWN], queryFn: () => pac.chain.anchors({ limit: SHOWN }) });
  return (
    <Surface title="Latest anchors" actions={<Link href="/log">All anchors</Link>}>
      <Outcome query={anchors} lines={SHOWN}>
        {({ anchors: shown }) =>
          shown.length === 0 ? (
            <Nothing title="No anchor yet">The first one follows the first delta.</Nothing>
          ) : (
            <Stack gap={6}>
              {shown.map(({ index, size, blockTime, createdAt, status }) => (
                <Group key={index} justify="space-between" wrap="nowrap">
                  <Text fz="sm">
                    <a href={`/anchors/${index}`}>Anchor {index}</a>,{" "}
                    {size === 1 ? "1 leaf" : `${size.toLocaleString("en")} leaves`}
                  </Text>
                  {status === "CONFIRMED" ? (
                    <Moment time={blockTime ?? createdAt} relative c="dimmed" />
                  ) : (
                    <Text fz="sm">on its way</Text>
                  )}
                </Group>
              ))}
            </Stack>
          )
        }
      </Outcome>
    </Surface>
  );
}
