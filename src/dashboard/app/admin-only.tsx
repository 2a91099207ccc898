import { Text } from "@mantine/core";
import { Link } from "wouter";
import { Screen } from "../look/screen.tsx";
import { Surface } from "../look/surface.tsx";
import { ledgerPath } from "./places.ts";
import { useSession } from "./session.tsx";

type Props = {
  title: string;
  /** What the screen is for, as the end of "… ": "make and revoke API keys". */
  does: string;
  children: React.ReactNode;
};

/** A screen of admins; to anybody else it says why it is not theirs, and where to go instead. */
export function AdminOnly({ title, does, children }: Props) {
  const { who, mayAdmin, customerId } = useSession();
  if (mayAdmin) return children;
  return (
    <Screen title={title}>
      <Surface>
        <Text fw={600}>This key may not {does}.</Text>
        <Text fz="sm" mt={4}>
          That needs a key with scope admin. This browser is signed in with a key of scope {who.key.scope}
          {customerId !== null && `, for the customer ${customerId} only`}. Whoever gave you the key can make another
          one.
        </Text>
        <Text fz="sm" mt="sm">
          {customerId === null ? (
            <Link href="/">Go to the overview</Link>
          ) : (
            <Link href={ledgerPath(customerId)}>Go to the ledger</Link>
          )}
        </Text>
      </Surface>
    </Screen>
  );
}
