import { CloseButton, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";

/** Milliseconds without a key before the search begins. */
const PAUSE_MS = 300;
/** Letters of a search; the server's own limit. */
const LONGEST = 128;

type Props = { search: string; onSearch: (search: string) => void };

/** Finds ledgers by a part of the customer's id, or of the ledger's address. */
export function SearchField({ search, onSearch }: Props) {
  const [typed, setTyped] = useState(search);
  const begin = useDebouncedCallback(onSearch, PAUSE_MS);
  // Going back in the history changes what is searched for too.
  useEffect(() => setTyped(search), [search]);

  const change = (text: string) => {
    setTyped(text);
    begin(text.trim());
  };
  return (
    <TextInput
      type="search"
      aria-label="Search by customer id or ledger address"
      placeholder="Customer id or ledger address"
      value={typed}
      maxLength={LONGEST}
      onChange={(event) => change(event.currentTarget.value)}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={typed !== "" && <CloseButton size="sm" aria-label="clear the search" onClick={() => change("")} />}
      autoComplete="off"
      spellCheck={false}
      style={{ flex: "1 1 16rem", maxWidth: 420 }}
    />
  );
}
