import { Button, Group, Pagination, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { KeyView } from "../../sdk/operating-answers.ts";
import { AdminOnly } from "../app/admin-only.tsx";
import { useSession } from "../app/session.tsx";
import { Nothing, Outcome } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { Surface } from "../look/surface.tsx";
import { KeyTable } from "./key-table.tsx";
import { MakeKey } from "./make-key.tsx";
import { newestKeys } from "./newest-keys.ts";
import { RevokeKey } from "./revoke-key.tsx";
import { RotateKey } from "./rotate-key.tsx";

const PER_PAGE = 25;

type Opened = { dialog: "make" } | { dialog: "rotate" | "revoke"; key: KeyView } | null;

/** Who may use the API, and for what. */
export function Keys() {
  return (
    <AdminOnly title="API keys" does="make, rotate and revoke API keys">
      <AllKeys />
    </AdminOnly>
  );
}

function AllKeys() {
  const { pac } = useSession();
  const [page, setPage] = useState(0);
  const [opened, setOpened] = useState<Opened>(null);
  const close = () => setOpened(null);
  const keys = useQuery({
    queryKey: ["keys", page],
    queryFn: () => newestKeys(pac, page, PER_PAGE),
    placeholderData: keepPreviousData,
  });
  return (
    <Screen
      title="API keys"
      lead="Each program and each person gets a key of its own, so that one can be ended without the others."
      actions={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened({ dialog: "make" })}>
          New key
        </Button>
      }
    >
      <Surface flush title="All keys, newest first">
        <Outcome query={keys} lines={6}>
          {({ keys: shown, pagination: { total } }) =>
            total === 0 ? (
              <Nothing title="No key yet">Make the first one.</Nothing>
            ) : (
              <>
                <KeyTable
                  keys={shown}
                  onRotate={(key) => setOpened({ dialog: "rotate", key })}
                  onRevoke={(key) => setOpened({ dialog: "revoke", key })}
                />
                <Group justify="space-between" px="md" py="sm" style={{ borderTop: "1px solid var(--line)" }}>
                  <Text fz="sm" c="dimmed">
                    {total === 1 ? "1 key" : `${total.toLocaleString("en")} keys`}
                  </Text>
                  {total > PER_PAGE && (
                    <Pagination
                      size="sm"
                      total={Math.ceil(total / PER_PAGE)}
                      value={page + 1}
                      onChange={(value) => setPage(value - 1)}
                      getControlProps={(control) => ({ "aria-label": `${control} page` })}
                      getItemProps={(item) => ({ "aria-label": `page ${item}` })}
                    />
                  )}
                </Group>
              </>
            )
          }
        </Outcome>
      </Surface>
      {opened?.dialog === "make" && <MakeKey onClose={close} />}
      {opened?.dialog === "rotate" && <RotateKey apiKey={opened.key} onClose={close} />}
      {opened?.dialog === "revoke" && <RevokeKey apiKey={opened.key} onClose={close} />}
    </Screen>
  );
}
