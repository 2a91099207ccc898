import { ActionIcon, Box, Group, Menu, Table, Text } from "@mantine/core";
import { IconDots, IconRefresh, IconTrash } from "@tabler/icons-react";
import type { KeyView } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { Moment } from "../look/moment.tsx";
import { Tag } from "../look/state.tsx";
import { stateOf } from "./ends.ts";
import { KeyCustomer } from "./key-customer.tsx";
import { KeyState } from "./key-state.tsx";

type Props = { keys: readonly KeyView[]; onRotate: (key: KeyView) => void; onRevoke: (key: KeyView) => void };

/** API keys, one row each; never their secrets. */
export function KeyTable({ keys, onRotate, onRevoke }: Props) {
  const { who } = useSession();
  return (
    <Table.ScrollContainer minWidth={900}>
      <Table style={{ whiteSpace: "nowrap" }} verticalSpacing={8} horizontalSpacing="md" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Key</Table.Th>
            <Table.Th scope="col">State</Table.Th>
            <Table.Th scope="col">Scope</Table.Th>
            <Table.Th scope="col">Customer</Table.Th>
            <Table.Th scope="col">Expires</Table.Th>
            <Table.Th scope="col">Last used</Table.Th>
            <Table.Td />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((key) => {
            const { publicId, label, scope, customerReference, createdAt, expiresAt, lastUsedAt } = key;
            const name = label || publicId;
            const ended = ["expired", "revoked"].includes(stateOf(key, Date.now()));
            return (
              <Table.Tr key={publicId}>
                <Table.Th scope="row" fw={500} maw={320} style={{ whiteSpace: "normal" }}>
                  <Group gap={8}>
                    <span>{label || (label === null ? "label erased" : "no label")}</span>
                    {publicId === who.key.publicId && (
                      <Tag tone="info" style={{ minWidth: "max-content" }}>
                        this browser
                      </Tag>
                    )}
                  </Group>
                  <Text fz="xs" c="dimmed" component="div" style={{ whiteSpace: "nowrap" }}>
                    <Text span fz="xs" ff="monospace">
                      {publicId}
                    </Text>
                    , made <Moment time={createdAt} relative fz="xs" />
                  </Text>
                </Table.Th>
                <Table.Td>
                  <KeyState apiKey={key} />
                </Table.Td>
                <Table.Td>{scope}</Table.Td>
                <Table.Td>
                  <KeyCustomer reference={customerReference} />
                </Table.Td>
                <Table.Td>{expiresAt === null ? "never" : <Moment time={expiresAt} relative />}</Table.Td>
                <Table.Td>{lastUsedAt === null ? "never" : <Moment time={lastUsedAt} relative />}</Table.Td>
                <Table.Td ta="right">
                  {ended ? (
                    <Box w={28} h={28} />
                  ) : (
                    <Menu position="bottom-end" width={200} withInitialFocusPlaceholder={false}>
                      <Menu.Target>
                        <ActionIcon variant="subtle" color="gray" aria-label={`actions for ${name}`}>
                          <IconDots size={18} aria-hidden />
                        </ActionIcon>
                      </Menu.Target>
                      <Menu.Dropdown>
                        <Menu.Item leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => onRotate(key)}>
                          Rotate
                        </Menu.Item>
                        <Menu.Item leftSection={<IconTrash size={16} aria-hidden />} onClick={() => onRevoke(key)}>
                          Revoke
                        </Menu.Item>
                      </Menu.Dropdown>
                    </Menu>
                  )}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
