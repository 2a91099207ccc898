/** What a column of a list can give. */
export const MEMBERS = ["sequence", "receiptId", "recordId", "referenceId", "delta", "balance", "customerId"] as const;
export type Member = (typeof MEMBERS)[number];

/** The members that name a delta. Of several the first that a row has is taken, as the command line does. */
export const NAMES = ["sequence", "receiptId", "recordId", "referenceId"] as const satisfies readonly Member[];

/** Which column gives which member, by its index. */
export type Columns = Readonly<Partial<Record<Member, number>>>;

/** Headers that mean a member, small letters and digits of them. Of several columns the one that is further left here is taken. */
const HEADERS: Readonly<Record<Member, readonly string[]>> = {
  sequence: ["sequence", "sequencenumber", "seq"],
  receiptId: ["receiptid", "receipt", "fingerprint"],
  recordId: ["recordid", "record"],
  referenceId: ["referenceid", "reference", "ref", "externalid", "transactionid"],
  delta: ["deltaexact", "delta", "amountexact", "amount", "change"],
  balance: ["balanceexact", "balance", "balanceafter", "runningbalance"],
  customerId: ["customerid", "customer"],
};

/** The columns that a header names by words that are known. */
export function recognised(header: readonly string[]): Columns {
  const words = header.map((cell) => cell.toLowerCase().replaceAll(/[^a-z0-9]/g, ""));
  const found = MEMBERS.flatMap((member) => {
    const word = HEADERS[member].find((known) => words.includes(known));
    return word === undefined ? [] : [[member, words.indexOf(word)]];
  });
  return Object.fromEntries(found) as Columns;
}

/** Whether a person has to say which column is what: nothing would be compared, and there are columns that could be. */
export function isUnclear(header: readonly string[], columns: Columns): boolean {
  const used = Object.values(columns).length;
  return columns.delta === undefined && columns.balance === undefined && used < header.length;
}

/** Whether rows name their delta; else they are counted. */
export function namesDeltas(columns: Columns): boolean {
  return NAMES.some((name) => columns[name] !== undefined);
}
