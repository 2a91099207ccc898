import { Button, Text } from "@mantine/core";
import { IconDeviceFloppy } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { download } from "../../look/download.ts";
import type { SavedEvidence } from "./saved-evidence.ts";
import { readPageParts, savedPage } from "./saved-page.ts";

/** The page's own parts. Read when the page opens, so that they are there when the server no longer is. */
export function usePageParts() {
  return useQuery({
    queryKey: ["page-parts"],
    queryFn: readPageParts,
    refetchInterval: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
}

/** Makes one file of the page and its evidence. */
export function SaveButton({ evidence }: { evidence: () => SavedEvidence }) {
  const { data: parts, error, refetch } = usePageParts();
  const save = () => {
    if (!parts) return void refetch();
    const nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
    const saved = evidence();
    const name = `verification-${saved.savedAt.slice(0, 19).replaceAll(":", "")}.html`;
    download(name, "text/html", [savedPage(parts, saved, nonce.join(""))]);
  };
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconDeviceFloppy size={16} aria-hidden />}
        onClick={save}
        disabled={!parts && !error}
      >
        Save this page with its evidence
      </Button>
      {error && (
        <Text fz="sm" role="alert" c="var(--bad)">
          The page could not be put together: {error.message}. Try again while its server answers.
        </Text>
      )}
    </>
  );
}
