import { Box, Group, NativeSelect, TextInput } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { DeltaView } from "../../sdk/answers.ts";
import { useSession } from "../app/session.tsx";
import { Nothing, Outcome } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";
import { DeltaPages } from "./delta-pages.tsx";
import { DeltaTable } from "./delta-table.tsx";
import { ExportCsv } from "./export-csv.tsx";
import type { Figures } from "./figures.ts";
import { type LedgerPlace, SIZES, scopeOf } from "./ledger-place.ts";
import { windowOf } from "./page-window.ts";

type Props = {
  customerId: string;
  place: LedgerPlace;
  figures: Figures;
  onPlace: (change: Partial<LedgerPlace>) => void;
};

/** The deltas of a period, page by page. */
export function Deltas({ customerId, place, figures, onPlace }: Props) {
  const { pac } = useSession();
  const [filter, setFilter] = useState("");
  const { period, newestFirst, size } = place;
  const { offset, limit } = windowOf(place, figures.deltas);
  const page = useQuery({
    queryKey: ["ledger", customerId, "deltas", period, offset, limit],
    queryFn: async ({ signal }) =>
      (await pac.balance.derive(customerId, { ...scopeOf(period), offset, limit }, { signal })).deltas,
    enabled: figures.deltas > 0,
    placeholderData: keepPreviousData,
  });
  const wanted = filter.trim().toLowerCase();
  const matching = (deltas: readonly DeltaView[]) => {
    const inOrder = newestFirst ? deltas.toReversed() : deltas;
    if (wanted === "") return inOrder;
    return inOrder.filter(({ reason, referenceId }) =>
      [reason, referenceId].some((text) => text?.toLowerCase().includes(wanted)),
    );
  };

  return (
    <Surface
      title="Deltas"
      flush
      actions={<ExportCsv customerId={customerId} period={period} deltas={figures.deltas} />}
    >
      {figures.deltas === 0 ? (
        <Nothing title="No deltas in this period">Choose another period above.</Nothing>
      ) : (
        <>
          <Group px="md" pb="sm" gap="sm" className="no-print">
            <TextInput
              size="xs"
              aria-label="Filter this page by reason or reference"
              placeholder="Reason or reference, on this page"
              leftSection={<IconFilter size={14} aria-hidden />}
              value={filter}
              onChange={(event) => setFilter(event.currentTarget.value)}
              style={{ flex: "1 1 14rem", maxWidth: 320 }}
            />
            <NativeSelect
              size="xs"
              aria-label="order of the deltas"
              data={[
                { value: "newest", label: "Newest first" },
                { value: "oldest", label: "Oldest first" },
              ]}
              value={newestFirst ? "newest" : "oldest"}
              onChange={(event) => onPlace({ newestFirst: event.currentTarget.value === "newest", top: undefined })}
            />
            <NativeSelect
              size="xs"
              aria-label="deltas per page"
              data={SIZES.map((many) => ({ value: String(many), label: `${many} per page` }))}
              value={String(size)}
              onChange={(event) => onPlace({ size: Number(event.currentTarget.value), top: undefined })}
            />
          </Group>
          <Box aria-busy={page.isPlaceholderData}>
            <Outcome query={page} lines={10}>
              {(deltas) => {
                const shown = matching(deltas);
                return shown.length > 0 ? (
                  <DeltaTable deltas={shown} onOpen={(recordId) => onPlace({ recordId })} />
                ) : (
                  <Nothing title="None of this page's deltas match">
                    The filter looks at the {deltas.length} deltas of this page. Reasons and references are stored
                    sealed, so the record cannot be searched for them: a CSV file can.
                  </Nothing>
                );
              }}
            </Outcome>
          </Box>
          <DeltaPages place={place} count={figures.deltas} onPlace={onPlace} />
        </>
      )}
    </Surface>
  );
}
