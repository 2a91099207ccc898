import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { StoredDelta } from "#src/ledger/ports/ledgers.ts";
import { type Delivery, EVENT_NAMES, type EventName, type WebhookEndpoint } from "#src/ledger/ports/webhooks.ts";
import { type Deliveries, openDeliveries } from "#src/webhooks/deliver.ts";
import { openPost } from "#src/webhooks/post.ts";
import { anchor, freshLog, type Ground, type Log } from "#test/ledger/anchoring-ground.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";

/** How the deliveries are opened; `early` is done before they begin. */
type Opening = {
  allowPrivate?: boolean;
  /** How long an attempt may take. */
  attemptMs?: number;
  early?: (deliveries: Deliveries) => void;
  /** Puts something between the deliveries and the store. */
  through?: (store: WebhookStoreOf) => WebhookStoreOf;
};
type WebhookStoreOf = Parameters<typeof openDeliveries>[0]["store"];

/** A record, a log on a real chain, and deliveries beside them, whose clock stands still until a test moves it. */
export type Delivering = {
  record: OpenRecord;
  log: Log;
  deliveries: Deliveries;
  /** What the deliveries reported as going wrong. */
  troubles: string[];
  endpoint(url: string, more?: { events?: readonly EventName[]; secret?: string }): Promise<WebhookEndpoint>;
  record1(customerId: string, ...amounts: bigint[]): Promise<StoredDelta[]>;
  /** Anchors what is new, and lets the deliveries know. */
  anchor(): Promise<void>;
  /** Moves the clock, and lets the deliveries see it. */
  pass(milliseconds: number): void;
  /** Every delivery there is, the oldest first. */
  all(): Promise<Delivery[]>;
  /** Waits until every delivery fulfils a condition. */
  settled(what: string, holds: (delivery: Delivery) => boolean, count?: number): Promise<Delivery[]>;
  /** Stops the deliveries, closes the store, and opens both again, as a restart does. */
  restart(options?: Opening): Promise<void>;
  stop(): Promise<void>;
};

const PATIENCE_MS = 10_000;

export function freshSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

export async function startDelivering(ground: Ground, { now = Date.now() } = {}): Promise<Delivering> {
  const folder = temporaryFolder();
  const log = await freshLog(ground);
  const clock = { now };
  const troubles: string[] = [];
  const quiet = () => {};
  const report = (_facts: object, message: string) => void troubles.push(message);

  const open = (record: OpenRecord, opening: Opening = {}) => {
    const { allowPrivate = true, attemptMs = 2_000, early, through = (store) => store } = opening;
    const { contents } = record;
    const store = through(record.store);
    const publicUrl = () => "https://tallyroot.example";
    const deliveries = openDeliveries({
      store,
      contents,
      place: log.place,
      publicUrl,
      post: openPost({ allowPrivate, attemptMs }),
      allowPrivate,
      halt: async () => ({ reason: "OTHER_ROOT", next: "look who else has the key" }),
      drainMs: 100,
      clock: () => clock.now,
      log: { debug: quiet, info: quiet, warn: quiet, error: report },
    });
    early?.(deliveries);
    deliveries.start();
    return deliveries;
  };

  const record = await openRecord(folder.dir, clock);
  const self: Delivering = {
    record,
    log,
    deliveries: open(record),
    troubles,
    async endpoint(url, { events = EVENT_NAMES, secret = freshSecret() } = {}) {
      const { store, tenant } = self.record;
      const id = `whk_${randomBytes(8).toString("hex")}`;
      await store.addEndpoint(
        { id, tenantId: tenant.id, url, description: null, events, secret, createdAt: clock.now },
        100,
      );
      return (await store.endpoint(tenant.id, id))!;
    },
    async record1(customerId, ...amounts) {
      const requests = amounts.map((amount) =>
        request(self.record.tenant, customerId, { amount, referenceId: `ref-${amount}` }),
      );
      return deltasOf(await self.record.store.record(requests, true));
    },
    async anchor() {
      clock.now += 1;
      expect(await anchor(self.record, log.chain)).to.have.length(1);
      self.deliveries.wake();
    },
    pass(milliseconds) {
      clock.now += milliseconds;
      self.deliveries.wake();
    },
    async all() {
      const { deliveries } = await self.record.store.deliveries(self.record.tenant.id, undefined, {
        offset: 0,
        limit: 1_000,
      });
      return deliveries.toReversed();
    },
    async settled(what, holds, count = 1) {
      const end = performance.now() + PATIENCE_MS;
      for (;;) {
        const all = await self.all();
        if (all.length >= count && all.every(holds)) return all;
        if (performance.now() > end)
          throw new Error(
            `${what}: not within ${PATIENCE_MS} ms: ${JSON.stringify(all.filter((one) => !holds(one)).slice(0, 3))}`,
          );
        await sleep(5);
      }
    },
    async restart(options) {
      await self.deliveries.stop();
      await self.record.close();
      self.record = await openRecord(folder.dir, clock);
      self.deliveries = open(self.record, options);
    },
    async stop() {
      await self.deliveries.stop();
      await self.record.close();
      folder.remove();
    },
  };
  return self;
}

export const isDelivered = ({ state }: Delivery) => state === "delivered";
