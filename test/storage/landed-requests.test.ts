import { expect } from "chai";
import { ledgerAddress, namespaceOf } from "#src/core/address.ts";
import { concatBytes, toHex, utf8 } from "#src/core/bytes.ts";
import { canonicalJson } from "#src/core/content.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { openContents } from "#src/ledger/contents.ts";
import { earlierEffect } from "#src/ledger/idempotent.ts";
import { makeLedgerKey } from "#src/ledger/keyring.ts";
import type { RecordRequest, Tenant } from "#src/ledger/ports/ledgers.ts";
import { canonicalRequest } from "#src/ledger/record.ts";
import { recordBatch } from "#src/ledger/record-batch.ts";
import type { BulkItem } from "#src/ledger/record-group.ts";
import { openBulkIds, requestIdOf, requestKeyOf } from "#src/ledger/request-id.ts";
import { seal } from "#src/ledger/seal.ts";
import { MIGRATIONS } from "#src/storage/sqlite/schema.ts";
import { openSqliteStore, type SqliteStore } from "#src/storage/sqlite/store.ts";
import { rawBytes, readableWith } from "./readable.ts";
import { MASTER, sqlClient, temporaryFolder } from "./record-folder.ts";

/** The schema in which notes of requests, and labels in the rows of API keys, were sealed with the master key. */
const LANDED = 3;

const SECRET = Buffer.alloc(32, 9);
const TENANT: Tenant = {
  id: 1,
  name: "default",
  namespace: namespaceOf(SECRET),
  requestKey: requestKeyOf(SECRET),
  createdAt: 1,
};
const ADDRESS = ledgerAddress(TENANT.namespace, "zz-customer");

describe("a data directory from before notes were digests", () => {
  const folder = temporaryFolder();
  let store: SqliteStore;
  const ids = openBulkIds(TENANT.requestKey);
  const item: RecordRequest = { tenant: TENANT, customerId: "zz-customer", amount: 1n, reason: "zz-reason" };
  const unreadable = new TallyrootError("VALIDATION_ERROR", "zz-member: is not a known member");
  const sent = { ...item, requestId: ids.ofItem("a batch", 0) };
  const items: BulkItem[] = [sent, unreadable];
  const asked = {
    tenant: TENANT,
    idempotencyKey: "a key",
    route: "POST keys",
    members: { scope: "read", customerReference: toHex(ADDRESS), label: "zz-label", expiresAt: null },
  };
  const batch = (items: readonly BulkItem[]) =>
    recordBatch(
      { store, contents: openContents(store, MASTER) },
      { tenant: TENANT, route: "POST /batch", mode: "independent", items, idempotencyKey: "a batch", now: 2 },
    );

  before(() => {
    const db = sqlClient(folder.dir);
    db.pragma("journal_mode = WAL");
    for (const migration of MIGRATIONS.slice(0, LANDED)) db.exec(migration);
    db.pragma(`user_version = ${LANDED}`);
    db.prepare("INSERT INTO tenants VALUES (1, 'default', ?, 1)").run(seal(MASTER, utf8("tenant:default"), SECRET));
    db.prepare("INSERT INTO ledgers VALUES (1, 1, ?, 1)").run(ADDRESS);
    const { sealed } = makeLedgerKey(MASTER, ADDRESS, 1, "zz-customer");
    db.prepare("INSERT INTO ledger_keys VALUES (1, 1, ?, ?, NULL)").run(sealed.wrapped, sealed.sealedCustomerId);
    const label = seal(MASTER, utf8("api-key:abc"), utf8("zz-label"));
    db.prepare("INSERT INTO api_keys VALUES ('abc', 1, ?, 'read', ?, ?, 1, NULL, NULL, 7)").run(SECRET, ADDRESS, label);
    const note = (requestId: Uint8Array, route: string, effect: string, members: string) =>
      db
        .prepare("INSERT INTO requests VALUES (?, 1, ?, ?, ?, 1)")
        .run(requestId, route, effect, seal(MASTER, concatBytes(utf8("request:"), requestId), utf8(members)));
    note(requestIdOf(TENANT.requestKey, "a key"), "POST keys", "abc", canonicalJson(asked.members));
    const begun = canonicalJson({ items: 2, mode: "independent" });
    note(requestIdOf(TENANT.requestKey, "a batch"), "POST /batch", "deltas", begun);
    const digest = toHex(ids.digest(`${toHex(sent.requestId)}${canonicalRequest(item)}`));
    const refusals = [
      { index: 0, code: "BALANCE_OVERFLOW", message: "zz-customer has too much", digest },
      { index: 1, code: unreadable.code, message: unreadable.message },
    ];
    note(ids.ofEnd("a batch"), "POST /batch", "refusals", JSON.stringify(refusals));
    db.close();
    expect(rawBytes(folder.dir).includes(label)).to.equal(true);
    store = openSqliteStore({ dir: folder.dir, master: MASTER, clock: () => 5, report: () => {} });
  });

  after(() => {
    store.close();
    folder.remove();
  });

  it("knows its requests by what they asked for", async () => {
    expect(await earlierEffect(store, asked)).to.equal("abc");
    const other = { ...asked, members: { ...asked.members, label: "another", expiresAt: 5 } };
    const conflict = await earlierEffect(store, other).catch((error: TallyrootError) => error);
    expect(conflict)
      .to.be.instanceOf(TallyrootError)
      .with.nested.property("facts.differs")
      .that.has.members(["label", "expiresAt"]);
  });

  it("gives a batch its outcomes again by code, and refuses another by item", async () => {
    const { outcomes, replayed } = await batch(items);
    expect(replayed).to.equal(true);
    expect(outcomes.map((outcome) => (outcome as TallyrootError).code)).to.deep.equal([
      "BALANCE_OVERFLOW",
      "VALIDATION_ERROR",
    ]);
    expect(outcomes[1]).to.have.property("message", unreadable.message);
    const others = [{ ...sent, amount: 2n }, new TallyrootError("VALIDATION_ERROR", "something else")];
    const conflict = await batch(others).catch((error: TallyrootError) => error);
    expect(conflict).to.have.nested.property("facts.differs").that.deep.equals(["deltas.0", "deltas.1"]);
  });

  it("keeps API keys with their labels until the customer is erased, and then nothing can be read", async () => {
    expect(await store.apiKey("abc")).to.deep.include({ label: "zz-label", ledgerAddress: ADDRESS, lastUsedAt: 7 });
    const readable = () => readableWith(folder.dir, Buffer.alloc(32, 7)).toString("latin1");
    expect(readable()).to.include("zz-label").and.to.include("zz-customer").and.not.to.include("zz-member");
    await store.eraseKeys(TENANT, (await store.ledger(1, ADDRESS))!, "zz-customer", 6);
    expect(readable()).not.to.include("zz-");
    expect(rawBytes(folder.dir).includes("zz-")).to.equal(false);
    expect((await store.apiKey("abc"))!.label).to.equal(null);
  });

  it("is converted once", async () => {
    store.close();
    store = openSqliteStore({ dir: folder.dir, master: MASTER, clock: () => 5, report: () => {} });
    expect(await earlierEffect(store, asked)).to.equal("abc");
  });
});
