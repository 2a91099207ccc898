import { TallyrootError } from "../../core/errors.ts";
import { type DatabaseLook, lookAt } from "../../storage/postgres/look.ts";
import { StorageRefusedError } from "../../storage/refused.ts";
import { type Check, failed, ok, warned } from "./checks.ts";
import { placeOfFacts, type RememberedPlace } from "./publisher.ts";

/** Connections that one server opens at most. */
const OF_ONE_SERVER = 33;

/** Whether a PostgreSQL database is one that a server can work with, and where its record has its anchors. */
export async function checkPostgres(url: string): Promise<{ check: Check; place: RememberedPlace | undefined }> {
  try {
    const look = await lookAt(url);
    return { check: checkOf(look), place: look.record && placeOfFacts(look.record.facts) };
  } catch (error) {
    if (!(error instanceof TallyrootError || error instanceof StorageRefusedError)) throw error;
    const why = error.cause instanceof Error ? `: ${error.cause.message}` : "";
    return { check: failed("database", `${error.message}${why}`), place: undefined };
  }
}

function checkOf({ version, user, schema, newestSchema, missing, durable, connections, record }: DatabaseLook): Check {
  const fail = (detail: string) => failed("database", detail);
  if (schema > newestSchema)
    return fail(`it has schema ${schema}, this version knows ${newestSchema}: run a newer version`);
  if (missing.length > 0)
    return fail(`its user ${user} may not ${missing.join(", nor ")}: grant that, or start once as its owner`);
  if (!durable) return fail("it answers before what was committed is on disk: set synchronous_commit to on");
  if (record?.movingIn)
    return fail("a record is being moved into it, and is not all there: run tallyroot migrate again");
  if (record?.left)
    return fail(
      record.left.ended
        ? `its record was moved into the data directory ${record.left.place}, and goes on there: unset TALLYROOT_DATABASE_URL`
        : `its record is being moved into the data directory ${record.left.place}: run tallyroot migrate --from again, or with --abandon`,
    );
  const state =
    record === undefined
      ? "it has no record yet: the first start makes it"
      : schema < newestSchema
        ? `schema ${schema}, which the next start brings to ${newestSchema}, with ${record.anchors} anchors`
        : `schema ${schema}, with ${record.anchors} anchors`;
  if (connections < OF_ONE_SERVER)
    return warned(
      "database",
      `PostgreSQL ${version} takes ${connections} connections, and one server opens up to ${OF_ONE_SERVER}: raise max_connections; ${state}`,
    );
  return ok("database", `PostgreSQL ${version} answers: ${state}`);
}
