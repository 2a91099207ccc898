import { expect } from "chai";
import { TallyrootError } from "#src/core/errors.ts";
import { freshApiKey } from "#src/ledger/api-keys.ts";
import type { RequestEffect } from "#src/ledger/ports/effects.ts";
import type { ApiKeyRecord } from "#src/ledger/ports/tenants.ts";
import { behind } from "#test/run/record-of.ts";
import { type OpenRecord, openRecord, temporaryFolder } from "./record-folder.ts";

const ALL = { offset: 0, limit: 100 };

describe("API keys and tenants in the store", () => {
  const folder = temporaryFolder();
  let record: OpenRecord;

  before(async () => {
    record = await openRecord(folder.dir);
  });

  after(async () => {
    await record.close();
    folder.remove();
  });

  let made = 0;
  const fresh = (scope: ApiKeyRecord["scope"] = "read") =>
    freshApiKey({ scope, label: `key ${made++}`, mode: "test", now: record.clock.now }).record;
  const request = (n: number, tenantId = record.tenant.id): RequestEffect => ({
    requestId: Buffer.alloc(16, n),
    tenantId,
    route: "POST keys",
    effect: "an effect",
    members: '{"label":"private"}',
    createdAt: record.clock.now,
  });
  const count = async (tenantId = record.tenant.id) => (await record.store.apiKeys(tenantId, ALL)).total;

  it("a request has its effect once, whatever else it carries", async () => {
    const { store, tenant } = record;
    const before = await count();
    const [one, two] = [fresh(), fresh()].map((key) => ({ ...key, tenantId: tenant.id }));
    expect(await store.addApiKey(one!, { request: request(1) })).to.equal("added");
    const ends = { publicId: one!.publicId, expiresAt: 1 };
    expect(await store.addApiKey(two!, { ends, request: request(1) })).to.equal("repeated");
    expect(await count()).to.equal(before + 1);
    expect((await store.apiKey(one!.publicId))?.expiresAt).to.equal(null);
    expect(await store.revokeApiKey(one!.publicId, 1, request(1))).to.equal("repeated");
    expect((await store.apiKey(one!.publicId))?.revokedAt).to.equal(null);
    expect(await store.effectOf(Buffer.alloc(16, 1))).to.deep.include({
      effect: "an effect",
      members: '{"label":"private"}',
    });
  });

  it("a tenant is made with its key and its request, or not at all", async () => {
    const { store } = record;
    const add = (name: string, n: number) => store.addTenantWithKey({ name, createdAt: 5 }, fresh("admin"), request(n));
    expect(await add("acme", 2)).to.equal("added");
    expect(await add("beta", 2)).to.equal("repeated");
    expect(await add("acme", 3)).to.equal("taken");
    expect(await store.tenantByName("beta")).to.equal(undefined);
    expect(await store.effectOf(Buffer.alloc(16, 3))).to.equal(undefined);
    const acme = (await store.tenantByName("acme"))!;
    expect(acme.createdAt).to.equal(5);
    expect(await count(acme.id)).to.equal(1);
  });

  it("of several that follow one key without overlap, one is added", async () => {
    const { store, tenant, clock } = record;
    const old = { ...fresh(), tenantId: tenant.id };
    await store.addApiKey(old);
    const ends = { publicId: old.publicId, expiresAt: clock.now };
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => store.addApiKey({ ...fresh(), tenantId: tenant.id }, { ends })),
    );
    expect(outcomes.filter((outcome) => outcome === "added")).to.have.length(1);
    expect(outcomes.filter((outcome) => outcome === "ended")).to.have.length(19);
  });

  it("no key follows one that is revoked, and its request is not noted", async () => {
    const { store, tenant } = record;
    const old = { ...fresh(), tenantId: tenant.id, revokedAt: 1 };
    await store.addApiKey(old);
    const before = await count();
    const ends = { publicId: old.publicId, expiresAt: 2 };
    const follower = { ...fresh(), tenantId: tenant.id };
    expect(await store.addApiKey(follower, { ends, request: request(11) })).to.equal("ended");
    expect(await count()).to.equal(before);
    expect(await store.effectOf(Buffer.alloc(16, 11))).to.equal(undefined);
    expect((await store.apiKey(old.publicId))?.expiresAt).to.equal(null);
  });

  it("a key that has an end is no substitute for the last admin key that has none", async () => {
    const { store } = record;
    await store.addTenantWithKey({ name: "lasting", createdAt: 1 }, fresh("admin"));
    const { id } = (await store.tenantByName("lasting"))!;
    const [first] = (await store.apiKeys(id, ALL)).keys;
    const visit = { ...fresh("admin"), tenantId: id, expiresAt: 1000 };
    await store.addApiKey(visit);
    expect(await store.revokeApiKey(first!.publicId, 10)).to.equal("last");
    expect(await store.revokeApiKey(visit.publicId, 10)).to.equal("revoked");
  });

  it("the last admin key that can be used stays: revoked and expired ones do not count", async () => {
    const { store } = record;
    await store.addTenantWithKey({ name: "last", createdAt: 1 }, fresh("admin"));
    const { id } = (await store.tenantByName("last"))!;
    const [first] = (await store.apiKeys(id, ALL)).keys;
    const expiring = { ...fresh("admin"), tenantId: id, expiresAt: 100 };
    await store.addApiKey(expiring);
    await store.addApiKey({ ...fresh("admin"), tenantId: id, revokedAt: 1 });
    await store.addApiKey({ ...fresh("write"), tenantId: id });
    expect(await store.revokeApiKey(first!.publicId, 100)).to.equal("last");
    expect(await store.revokeApiKey(expiring.publicId, 100)).to.equal("revoked");
    await store.addApiKey({ ...fresh("admin"), tenantId: id });
    expect(await store.revokeApiKey(first!.publicId, 200)).to.equal("revoked");
    expect(await store.revokeApiKey(first!.publicId, 300)).to.equal("revoked");
    expect((await store.apiKey(first!.publicId))?.revokedAt).to.equal(200);
  });

  it("a last use is told at once, and survives a close", async () => {
    const { store, tenant } = record;
    const key = { ...fresh(), tenantId: tenant.id };
    await store.addApiKey(key);
    store.noteUse(key.publicId, 1_000);
    store.noteUse(key.publicId, 60_999);
    expect((await store.apiKey(key.publicId))?.lastUsedAt).to.equal(1_000);
    store.noteUse(key.publicId, 61_000);
    store.noteUse("0123456789abcdef", 61_000);
    await record.close();
    record = await openRecord(folder.dir);
    expect((await record.store.apiKey(key.publicId))?.lastUsedAt).to.equal(61_000);
  });

  it("while nothing can be written a key is refused as something that may pass, and nothing of it is there", async () => {
    const { store, tenant } = record;
    const before = await count();
    const key = { ...fresh(), tenantId: tenant.id };
    const error = await behind(folder.dir, async (sql) => {
      await sql.hold();
      const refusal = await store.addApiKey(key, { request: request(9) }).catch((thrown: unknown) => thrown);
      await sql.letGo();
      return refusal;
    });
    expect(error).to.be.instanceOf(TallyrootError).with.property("code", "SERVICE_UNAVAILABLE");
    expect(await count()).to.equal(before);
    expect(await store.addApiKey(key, { request: request(9) })).to.equal("added");
  }).timeout(30_000);
});
