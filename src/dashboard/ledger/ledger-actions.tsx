import { Button } from "@mantine/core";
import { IconEraser, IconShare } from "@tabler/icons-react";
import { useState } from "react";
import { useSession } from "../app/session.tsx";
import { MayNot } from "../look/may-not.tsx";
import { EraseContent } from "./erase-content.tsx";
import { ShareLedger } from "./share-ledger.tsx";

type Props = { customerId: string; erased: boolean };

/** What an operator can do with a ledger. A counterparty's key is for reading, and sees none of it. */
export function LedgerActions({ customerId, erased }: Props) {
  const { mayAdmin, customerId: only } = useSession();
  const [open, setOpen] = useState<"share" | "erase" | null>(null);
  if (only !== null) return null;
  const close = () => setOpen(null);
  const needsAdmin = mayAdmin ? null : "This needs an admin key.";
  const nothingLeft = erased ? "The content was erased already." : null;
  return (
    <>
      <MayNot why={needsAdmin}>
        <Button
          size="sm"
          variant="default"
          leftSection={<IconShare size={16} aria-hidden />}
          disabled={!mayAdmin}
          onClick={() => setOpen("share")}
        >
          Share
        </Button>
      </MayNot>
      <MayNot why={needsAdmin ?? nothingLeft}>
        <Button
          size="sm"
          variant="default"
          leftSection={<IconEraser size={16} aria-hidden />}
          disabled={!mayAdmin || erased}
          onClick={() => setOpen("erase")}
        >
          Erase content
        </Button>
      </MayNot>
      {open === "share" && <ShareLedger customerId={customerId} onClose={close} />}
      {open === "erase" && <EraseContent customerId={customerId} onClose={close} />}
    </>
  );
}
