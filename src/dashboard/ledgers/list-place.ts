import type { CustomersInput } from "../../sdk/requests.ts";

export type Sort = NonNullable<CustomersInput["sort"]>;
export type Order = NonNullable<CustomersInput["order"]>;

/** What of the list is shown; all of it is in the address, so that it can be kept and sent. */
export type ListPlace = { search: string; sort: Sort; order: Order; page: number; size: number };

export const SIZES = [25, 50, 100] as const;

/** The orders there are, in words. An order by customer id would have to open every sealed id, and is not offered. */
export const ORDERS: readonly { sort: Sort; order: Order; name: string }[] = [
  { sort: "lastDelta", order: "desc", name: "Newest activity first" },
  { sort: "lastDelta", order: "asc", name: "Oldest activity first" },
  { sort: "firstDelta", order: "desc", name: "Newest ledger first" },
  { sort: "firstDelta", order: "asc", name: "Oldest ledger first" },
  { sort: "deltas", order: "desc", name: "Most deltas first" },
  { sort: "deltas", order: "asc", name: "Fewest deltas first" },
  { sort: "balance", order: "desc", name: "Highest balance first" },
  { sort: "balance", order: "asc", name: "Lowest balance first" },
];

const PRESET = { search: "", sort: "lastDelta", order: "desc", page: 1, size: SIZES[0] } as const;

/** What an address says, with what it does not say, or says wrongly, as on a first visit. */
export function placeOf(params: URLSearchParams): ListPlace {
  const known = ORDERS.find(({ sort, order }) => sort === params.get("sort") && order === params.get("order"));
  const page = params.get("page") ?? "";
  return {
    search: params.get("search") ?? PRESET.search,
    sort: known?.sort ?? PRESET.sort,
    order: known?.order ?? PRESET.order,
    page: /^[1-9][0-9]{0,5}$/.test(page) ? Number(page) : PRESET.page,
    size: SIZES.find((size) => String(size) === params.get("size")) ?? PRESET.size,
  };
}

export function paramsOf({ search, sort, order, page, size }: ListPlace): URLSearchParams {
  const ordered = sort !== PRESET.sort || order !== PRESET.order;
  return new URLSearchParams([
    ...(search === PRESET.search ? [] : [["search", search]]),
    ...(ordered
      ? [
          ["sort", sort],
          ["order", order],
        ]
      : []),
    ...(page === PRESET.page ? [] : [["page", String(page)]]),
    ...(size === PRESET.size ? [] : [["size", String(size)]]),
  ]);
}
