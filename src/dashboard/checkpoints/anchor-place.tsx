import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { CheckpointView } from "../../sdk/answers.ts";
import { useSession } from "../app/session.tsx";
import { Hash } from "../look/hash.tsx";

/** Where a statement is anchored, once it is. */
export function AnchorPlace({ statement: { status, proofRoot } }: { statement: CheckpointView }) {
  const { pac } = useSession();
  const verified = status === "VERIFIED";
  const found = useQuery({
    queryKey: ["anchor of", proofRoot],
    queryFn: () => pac.verify(proofRoot, { limit: 1 }),
    enabled: verified,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (state.data === undefined && state.error ? 5000 : false),
  });
  const place = found.data?.verification;
  if (!verified) return <Text fz="sm">on its way; this page follows by itself</Text>;
  if (!place) return <Text fz="sm">{found.error ? "anchored; its place could not be read just now" : "…"}</Text>;
  const { index, blockNumber, verificationReference } = place;
  return (
    <Text fz="sm" component="div">
      <a href={`/anchors/${index}`}>Anchor {index.toLocaleString("en")}</a>, block {blockNumber.toLocaleString("en")},
      transaction <Hash value={verificationReference} name="transaction" />
    </Text>
  );
}
