import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { ledgerPath } from "../app/places.ts";
import { useSession } from "../app/session.tsx";
import { Hash } from "../look/hash.tsx";

/** The one customer that a key reads: by id where its ledger has a delta, by its ledger's address until then. */
export function KeyCustomer({ reference }: { reference: string | null }) {
  const { pac } = useSession();
  const found = useQuery({
    queryKey: ["customer-of", reference],
    queryFn: () => pac.balance.customers({ search: reference ?? "", limit: 1 }),
    enabled: reference !== null,
    // An id never changes.
    refetchInterval: ({ state }) => (state.data?.customers.length ? false : 30_000),
    staleTime: 30_000,
  });
  if (reference === null)
    return (
      <Text span fz="sm" c="dimmed">
        all
      </Text>
    );
  const id = found.data?.customers[0]?.customerId;
  return id ? <Link href={ledgerPath(id)}>{id}</Link> : <Hash value={reference} name="ledger identifier" />;
}
