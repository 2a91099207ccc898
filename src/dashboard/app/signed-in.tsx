import { Button, Center, Stack, Text, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { TallyrootApiError } from "../../sdk/errors.ts";
import { Hash } from "../look/hash.tsx";
import { Failure, Waiting } from "../look/outcome.tsx";
import { openClient } from "./client.ts";
import { SessionContext } from "./session.tsx";
import { SESSION_LABEL } from "./sign-in-once.ts";

type Props = { apiKey: string; onSignedOut: () => void; children: React.ReactNode };

/** Finds out whose the key is, and gives the client to what is inside. */
export function SignedIn({ apiKey, onSignedOut, children }: Props) {
  const pac = useMemo(() => openClient(apiKey), [apiKey]);
  const cache = useQueryClient();
  const who = useQuery({
    queryKey: ["who", apiKey.slice(0, 24)],
    queryFn: () => pac.keys.current(),
    staleTime: 60_000,
  });

  const own = who.data?.key.label === SESSION_LABEL;
  const signOut = useCallback(async () => {
    // A key that was made for this browser ends with the visit; one that was typed in is still in use elsewhere.
    if (own) await pac.keys.revokeCurrent();
    cache.clear();
    onSignedOut();
  }, [own, pac, cache, onSignedOut]);

  const session = useMemo(
    () =>
      who.data && {
        pac,
        who: who.data,
        customerId: who.data.customerId,
        mayWrite: who.data.key.scope !== "read",
        mayAdmin: who.data.key.scope === "admin",
        signOut,
      },
    [who.data, pac, signOut],
  );
  const only = who.data?.key.customerReference ?? null;
  if (session && only !== null && session.customerId === null)
    return <NothingToRead ledger={only} onSignedOut={onSignedOut} />;
  if (session) return <SessionContext value={session}>{children}</SessionContext>;
  if (!who.error) return <Waiting />;
  const useless = who.error instanceof TallyrootApiError && who.error.code === "INVALID_API_KEY";
  return (
    <Center mih="60vh" px="md">
      <Stack maw={520}>
        <Failure error={who.error} {...(!useless && { again: () => void who.refetch() })} busy={who.isFetching} />
        <Button variant="default" onClick={onSignedOut}>
          Sign in with another key
        </Button>
      </Stack>
    </Center>
  );
}

/** For a key of one customer whose ledger has no delta yet, or none that can be read any more. */
function NothingToRead({ ledger, onSignedOut }: { ledger: string; onSignedOut: () => void }) {
  return (
    <Center mih="60vh" px="md" component="main">
      <Stack maw={560} align="flex-start">
        <Title order={1} fz={22}>
          There is nothing to read yet
        </Title>
        <Text>
          This key reads one customer's ledger, and nothing that can be read is recorded in it: either there is no delta
          yet, or its content was erased for good. This page goes on by itself when a delta is recorded.
        </Text>
        <Text fz="sm" component="div">
          Ledger <Hash value={ledger} name="ledger identifier" whole />
        </Text>
        <Button variant="default" onClick={onSignedOut}>
          Sign in with another key
        </Button>
      </Stack>
    </Center>
  );
}
