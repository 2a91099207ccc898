import { expect } from "chai";
import { TallyrootError } from "#src/core/errors.ts";
import { freshApiKey } from "#src/ledger/api-keys.ts";
import { rotateKey } from "#src/ledger/manage-keys.ts";
import { type OpenRecord, openRecord, temporaryFolder } from "#test/storage/record-folder.ts";

/** Rotations that have all seen the old key while it could be used. */
const TOGETHER = 20;

describe("rotating a key", () => {
  const folder = temporaryFolder();
  let record: OpenRecord;

  before(async () => {
    record = await openRecord(folder.dir);
  });

  after(async () => {
    await record.close();
    folder.remove();
  });

  /** The codes of so many rotations of one key at once, `ok` for a new key. */
  async function rotations(how: { own: boolean; overlapSeconds: number; numbered?: true }): Promise<string[]> {
    const { store, tenant, clock } = record;
    const { record: old } = freshApiKey({ scope: "admin", label: "old", mode: "test", now: clock.now });
    await store.addApiKey({ ...old, tenantId: tenant.id });
    const parts = { store, clock: () => clock.now, keyMode: "test" } as const;
    const { own, overlapSeconds } = how;
    return Promise.all(
      Array.from({ length: TOGETHER }, (_, i) =>
        rotateKey(
          parts,
          { tenant, idempotencyKey: how.numbered && `${old.publicId}-${i}` },
          { publicId: old.publicId, overlapSeconds, expiresAt: null, label: undefined, own },
        ).then(
          ({ text }) => (text === null ? "repeated" : "ok"),
          (error: unknown) => (error instanceof TallyrootError ? error.code : String(error)),
        ),
      ),
    );
  }

  const others = (code: string) => ["ok", ...Array.from({ length: TOGETHER - 1 }, () => code)].sort();

  it("without an overlap succeeds once, however many ask with that key at once", async () => {
    for (const numbered of [undefined, true as const]) {
      const said = await rotations({ own: true, overlapSeconds: 0, ...(numbered && { numbered }) });
      expect(said.sort()).to.deep.equal(others("INVALID_API_KEY"));
    }
  });

  it("tells another admin that the key has ended", async () => {
    const said = await rotations({ own: false, overlapSeconds: 0 });
    expect(said.sort()).to.deep.equal(others("VALIDATION_ERROR"));
  });

  it("with an overlap gives each a key: the old one still works", async () => {
    const said = await rotations({ own: true, overlapSeconds: 60 });
    expect(said).to.deep.equal(Array.from({ length: TOGETHER }, () => "ok"));
  });
});
