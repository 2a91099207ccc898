import { StorageRefusedError } from "../../refused.ts";
import { lookAt } from "../look.ts";
import type { Departure } from "./departure.ts";

/**
 * Makes sure that there is a record in a database before anything is made in it.
 *
 * @returns where it was moved to, or is being moved to; undefined for one that goes on there.
 * @throws StorageRefusedError where there is none, or it is not all there.
 * @throws TallyrootError SERVICE_UNAVAILABLE when the database does not answer.
 */
export async function expectRecordIn(url: string): Promise<Departure | undefined> {
  const { record } = await lookAt(url);
  if (!record || record.facts.size === 0)
    throw new StorageRefusedError("there is no record in this database, or who connects may not read it");
  if (record.movingIn)
    throw new StorageRefusedError(
      "a record is being moved into this database, and is not all there: run tallyroot migrate --to again until it says that it is",
    );
  return record.left;
}
