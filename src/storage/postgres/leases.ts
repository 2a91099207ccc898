import type { Postgres, Transaction } from "./database.ts";

/**
 * What one node at a time may do, for as long as nobody else has taken it over. Tokens count up, and after a failover that lost some of them
 * count them again, for another holder.
 */
export type Lease = { readonly name: string; readonly token: number; readonly holder: string };

/** The lease was taken over by another node: whatever was to be written on the strength of it was not. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
}

/** Leases, by the clock of the database. */
export type Leases = {
  /**
   * @param earlier how the holder was called in an earlier life of this node that is over for certain: what that one has is taken from it
   *   at once, since nobody else would give it back.
   * @returns undefined while another has it.
   */
  take(name: string, holder: string, milliseconds: number, earlier?: string): Promise<Lease | undefined>;
  /** Keeps a lease for longer. @returns false when another has it, or it was left. */
  renew(lease: Lease, milliseconds: number): Promise<boolean>;
  /** Lets the next have it at once. */
  leave(lease: Lease): Promise<void>;
};

const UNTIL = "clock_timestamp() + make_interval(secs => $3::float8 / 1000)";

export function openLeases({ transaction }: Pick<Postgres, "transaction">): Leases {
  return {
    take: (name, holder, milliseconds, earlier) =>
      transaction(async (tx) => {
        const [row] = await tx.query<{ token: number }>(
          `INSERT INTO leases AS l (name, token, holder, expires_at) VALUES ($1, 1, $2, ${UNTIL})
          ON CONFLICT (name) DO UPDATE SET token = l.token + 1, holder = excluded.holder, expires_at = excluded.expires_at
          WHERE l.expires_at < clock_timestamp() OR starts_with(l.holder, $4) RETURNING token`,
          [name, holder, milliseconds, earlier],
        );
        return row && { name, token: row.token, holder };
      }),
    renew: ({ name, token, holder }, milliseconds) =>
      transaction(async (tx) => {
        const rows = await tx.query(
          `UPDATE leases SET expires_at = ${UNTIL} WHERE name = $1 AND token = $2 AND holder = $4 AND expires_at > '-infinity' RETURNING 1`,
          [name, token, milliseconds, holder],
        );
        return rows.length === 1;
      }),
    async leave({ name, token, holder }) {
      await transaction(async (tx) => {
        tx.query("UPDATE leases SET expires_at = '-infinity' WHERE name = $1 AND token = $2 AND holder = $3", [
          name,
          token,
          holder,
        ]);
      });
    },
  };
}

/**
 * Makes sure, until the end of a transaction, that nobody else has the lease: whoever would take it over waits for that.
 *
 * @throws LeaseLostError
 */
export async function holdLease(tx: Transaction, { name, token, holder }: Lease): Promise<void> {
  const rows = await tx.query("SELECT 1 FROM leases WHERE name = $1 AND token = $2 AND holder = $3 FOR SHARE", [
    name,
    token,
    holder,
  ]);
  if (rows.length === 0) throw new LeaseLostError(`another node has taken over ${name}`);
}
