import { Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSession } from "../app/session.tsx";

type Props = {
  value: string | null;
  onChange: (customerId: string | null) => void;
  label?: string;
  /** What stands there while nobody is chosen. */
  placeholder?: string;
  /** Nobody in particular may be chosen. */
  clearable?: boolean;
};

/** Customers that one look at the list brings: whoever is not among them is found by typing. */
const OFFERED = 20;
const TYPING_MS = 250;

/** One customer, found by a part of the id. A key of one customer has no choice. */
export function CustomerChoice({
  value,
  onChange,
  label = "Customer",
  placeholder = "Search by customer id",
  clearable = false,
}: Props) {
  const { pac, customerId: own } = useSession();
  const [typed, setTyped] = useState(value ?? "");
  const [search] = useDebouncedValue(typed, TYPING_MS);
  const found = useQuery({
    queryKey: ["customers", "choice", search],
    queryFn: () => pac.balance.customers({ limit: OFFERED, ...(search !== "" && search !== value && { search }) }),
    refetchInterval: false,
    placeholderData: keepPreviousData,
    enabled: own === null,
  });
  if (own !== null) return <TextInput label={label} value={own} readOnly />;

  const ids = (found.data?.customers ?? []).flatMap(({ customerId }) => (customerId === null ? [] : [customerId]));
  if (value !== null && !ids.includes(value)) ids.unshift(value);
  return (
    <Select
      label={label}
      placeholder={placeholder}
      data={ids}
      value={value}
      onChange={onChange}
      searchable
      clearable={clearable}
      searchValue={typed}
      onSearchChange={setTyped}
      filter={({ options }) => options}
      nothingFoundMessage={found.isFetching ? "Searching…" : "No customer has this in its id."}
      clearButtonProps={{ "aria-label": `clear ${label.toLowerCase()}` }}
      maxDropdownHeight={280}
      comboboxProps={{ withinPortal: true }}
      {...(found.error && { error: "The customers could not be read; the page tries again when you type." })}
    />
  );
}
