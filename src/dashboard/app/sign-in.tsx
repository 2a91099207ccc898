import { Box, Button, Center, Group, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconKey } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { Brand } from "../look/brand.tsx";
import { Failure } from "../look/outcome.tsx";
import { SchemeSwitch } from "../look/scheme-switch.tsx";
import { openClient } from "./client.ts";

type Props = { error: unknown; onKey: (apiKey: string) => void };

/** For who has no link: an API key, tried before it is kept. */
export function SignIn({ error: linkError, onKey }: Props) {
  useDocumentTitle("Sign in · Tallyroot");
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(linkError);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const apiKey = typed.trim();
      await openClient(apiKey).keys.current();
      onKey(apiKey);
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Center mih="100vh" p="md" component="main">
      <Box w="100%" maw={440}>
        <Group justify="space-between" mb="lg">
          <Brand />
          <SchemeSwitch />
        </Group>
        <Box className="surface" p="lg">
          <Title order={1} fz={22} mb={4}>
            Sign in
          </Title>
          <Text c="dimmed" fz="sm" mb="md">
            With an API key of this server. It stays in this browser, and is sent to this server only.
          </Text>
          {error !== null && <Failure error={error} />}
          <form onSubmit={(event) => void submit(event)}>
            <Stack>
              <PasswordInput
                label="API key"
                placeholder="pk_…"
                value={typed}
                onChange={(event) => setTyped(event.currentTarget.value)}
                leftSection={<IconKey size={16} aria-hidden />}
                autoComplete="off"
                spellCheck={false}
                required
                data-autofocus
                visibilityToggleButtonProps={{ "aria-label": "show or hide the key" }}
              />
              <Button type="submit" loading={busy} disabled={typed.trim() === ""}>
                Sign in
              </Button>
            </Stack>
          </form>
        </Box>
        <Text c="dimmed" fz="sm" mt="md">
          On the server's own machine, <code>npm run tallyroot -- dashboard</code> prints a link that signs in once. To
          check a receipt, no key is needed: <a href="/verify">verify</a>.
        </Text>
      </Box>
    </Center>
  );
}
