import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSession } from "../app/session.tsx";
import { CursorPager, useCursorPages } from "../look/cursor-pages.tsx";
import { Nothing, Outcome } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { Surface } from "../look/surface.tsx";
import { AnchorTable } from "./anchor-table.tsx";
import { LogFacts } from "./log-facts.tsx";

const PER_PAGE = 25;

/** Every root that went to the chain, newest first. */
export function Anchors() {
  const { pac } = useSession();
  const pages = useCursorPages();
  const { cursor } = pages;
  const anchors = useQuery({
    queryKey: ["anchors", "page", cursor],
    queryFn: () => pac.chain.anchors({ limit: PER_PAGE, cursor }),
    placeholderData: keepPreviousData,
  });
  return (
    <Screen
      title="Anchors"
      lead="Each anchor is one root in the contract, over every ledger that moved and every statement made since the one before."
      actions={<a href="/contract">The contract</a>}
    >
      <LogFacts />
      <Surface title="The log, newest first" flush>
        <Outcome query={anchors} lines={10}>
          {({ anchors: shown, pagination }) =>
            pagination.total === 0 ? (
              <Nothing title="No anchor yet">The first one follows the first delta, within seconds.</Nothing>
            ) : (
              <>
                <AnchorTable anchors={shown} />
                <CursorPager
                  pages={pages}
                  pagination={pagination}
                  shown={shown.length}
                  name="anchors"
                  busy={anchors.isPlaceholderData}
                />
              </>
            )
          }
        </Outcome>
      </Surface>
    </Screen>
  );
}
