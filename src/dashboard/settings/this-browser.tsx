import { Button, SegmentedControl, Text, useMantineColorScheme } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useSession } from "../app/session.tsx";
import { SESSION_LABEL } from "../app/sign-in-once.ts";
import { Moment } from "../look/moment.tsx";
import { Failure } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";
import { Facts } from "./facts.tsx";

const SCHEMES = [
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
  { value: "auto", label: "As the system" },
] as const;

/** What is kept in this browser: the key, and the choice of colours. */
export function ThisBrowser() {
  const { who, customerId, signOut } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leaving = useMutation({ mutationFn: signOut });
  const { key, tenant } = who;
  return (
    <Surface title="This browser">
      <Facts
        facts={[
          { name: "Tenant", value: tenant },
          { name: "Key", value: `${key.label || "no label"}, ${key.publicId}` },
          {
            name: "Scope",
            value: customerId === null ? key.scope : `${key.scope}, of the customer ${customerId} only`,
          },
          { name: "Expires", value: key.expiresAt === null ? "never" : <Moment time={key.expiresAt} /> },
          {
            name: "Colours",
            value: (
              <SegmentedControl
                size="xs"
                aria-label="Colours"
                data={SCHEMES.map((scheme) => ({ ...scheme }))}
                value={colorScheme}
                onChange={(value) => setColorScheme(value as typeof colorScheme)}
              />
            ),
          },
        ]}
      />
      {leaving.error && <Failure error={leaving.error} />}
      <Button
        mt="md"
        variant="default"
        leftSection={<IconLogout size={16} aria-hidden />}
        loading={leaving.isPending}
        onClick={() => leaving.mutate()}
      >
        Sign out
      </Button>
      <Text fz="sm" c="dimmed" mt="xs">
        {key.label === SESSION_LABEL
          ? "This key was made for this browser and ends when you sign out."
          : "Signing out forgets the key in this browser. The key itself goes on working elsewhere."}
      </Text>
    </Surface>
  );
}
