import { Button, Group } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { AnchorView } from "../../../sdk/chain-answers.ts";
import { Nothing, Outcome } from "../../look/outcome.tsx";
import { Screen } from "../../look/screen.tsx";
import { Tag } from "../../look/state.tsx";
import { Surface } from "../../look/surface.tsx";
import { Hash } from "../hash.tsx";
import { Moment } from "../moment.tsx";
import { server } from "../server.ts";

const LIMIT = 25;

/** All anchors, newest first. */
export function Anchors() {
  // The cursors of the pages before this one, the first page having none.
  const [cursors, setCursors] = useState<readonly (string | undefined)[]>([undefined]);
  const cursor = cursors.at(-1);
  const anchors = useQuery({
    queryKey: ["anchors", cursor ?? ""],
    queryFn: async () => server().chain.anchors({ limit: LIMIT, ...(cursor !== undefined && { cursor }) }),
    placeholderData: keepPreviousData,
  });
  return (
    <Screen
      title="Anchors"
      lead="Each anchor is one root in the contract. It commits every ledger that moved and every statement that was made since the one before."
    >
      <Surface flush aria-label="Anchors">
        <Outcome query={anchors} lines={8}>
          {({ anchors: shown, pagination: { total, nextCursor } }) =>
            total === 0 ? (
              <Nothing title="No anchor yet">The first one follows the first delta.</Nothing>
            ) : (
              <>
                <AnchorTable anchors={shown} />
                <Group justify="space-between" p="md" gap="sm">
                  <span aria-live="polite">
                    {total.toLocaleString("en")} {total === 1 ? "anchor" : "anchors"}
                    {cursors.length > 1 && `, page ${cursors.length}`}
                  </span>
                  <Group gap="xs">
                    <Button
                      variant="default"
                      size="xs"
                      disabled={cursors.length === 1}
                      onClick={() => setCursors(cursors.slice(0, -1))}
                    >
                      Newer
                    </Button>
                    <Button
                      variant="default"
                      size="xs"
                      disabled={nextCursor === null}
                      onClick={() => nextCursor !== null && setCursors([...cursors, nextCursor])}
                    >
                      Older
                    </Button>
                  </Group>
                </Group>
              </>
            )
          }
        </Outcome>
      </Surface>
    </Screen>
  );
}

function AnchorTable({ anchors }: { anchors: readonly AnchorView[] }) {
  return (
    <section className="scroll-box" aria-label="Table of anchors">
      <table className="plain-table">
        <thead>
          <tr>
            {["Index", "Root", "Leaves", "Status", "Transaction", "Block", "Time"].map((name) => (
              <th key={name} scope="col" className={["Leaves", "Block"].includes(name) ? "figure" : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {anchors.map(({ index, root, size, status, transactionHash, blockNumber, blockTime }) => (
            <tr key={index}>
              <th scope="row">
                <Link href={`/anchors/${index}`}>{index}</Link>
              </th>
              <td>
                <Hash value={root} name={`root ${index}`} short />
              </td>
              <td className="figure">{size.toLocaleString("en")}</td>
              <td>
                <AnchorState status={status} />
              </td>
              <td>
                {transactionHash ? <Hash value={transactionHash} name={`transaction of anchor ${index}`} short /> : "–"}
              </td>
              <td className="figure">{blockNumber ?? "–"}</td>
              <td>
                <Moment time={blockTime} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const STATES = {
  PREPARED: { tone: "wait", says: "prepared" },
  SENT: { tone: "info", says: "on its way" },
  CONFIRMED: { tone: "good", says: "anchored" },
} as const;

/** Where an anchor is on its way, by word and colour. */
export function AnchorState({ status }: Pick<AnchorView, "status">) {
  const { tone, says } = STATES[status];
  return <Tag tone={tone}>{says}</Tag>;
}
