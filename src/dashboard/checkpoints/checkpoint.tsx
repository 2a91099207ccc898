import { useQuery } from "@tanstack/react-query";
import { useSession } from "../app/session.tsx";
import { Outcome } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { Batch } from "./batch.tsx";
import "../look/paper.css";
import { Statement } from "./statement.tsx";

/** One statement, or those that were made together. */
export function Checkpoint({ checkpointId }: { checkpointId: string }) {
  const { pac } = useSession();
  const found = useQuery({
    queryKey: ["checkpoint", checkpointId],
    queryFn: () => pac.balance.checkpointDetail(checkpointId, { limit: 1 }),
  });
  if (found.data === undefined)
    return (
      <Screen title="Checkpoint">
        <Outcome query={found} lines={8}>
          {() => null}
        </Outcome>
      </Screen>
    );
  return "checkpoints" in found.data ? (
    <Batch batch={found.data} query={found} />
  ) : (
    <Statement statement={found.data} query={found} />
  );
}
