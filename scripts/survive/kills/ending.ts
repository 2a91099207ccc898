import { setTimeout as sleep } from "node:timers/promises";
import { settle } from "../book.ts";
import { type Examined, examine } from "../examine.ts";
import type { Server } from "../server.ts";
import { audit, begin, type Place, repeatDeeds } from "./place.ts";

/** Milliseconds within which everything must be anchored and told once nobody kills any more, and between two looks. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 50;
/** Rounds in which everything that was not answered must be answered. */
const MOST_REPEATS = 20;

/** The last life, in which nobody is killed: whatever was not answered is asked for again, and everything is held against the book. */
export async function endInOrder(place: Place): Promise<Examined> {
  const { book, deeds, openDeeds, failures, receiver } = place;
  const server = await begin(place);
  for (let round = 0; openDeeds.length > 0 && round < MOST_REPEATS; round++) await repeatDeeds(place, server);
  failures.push(...openDeeds.map(({ kind }) => `a ${kind} is never answered`));
  await settle(server, book);
  const examined = await examine(server, book);
  failures.push(...examined.failures, ...deeds.oddities);
  // Now that all is answered, each of the posts is there, and nothing besides.
  const [sent, acknowledged] = [book.sent.size, book.acknowledged.size];
  if (examined.recorded !== sent || acknowledged !== sent)
    failures.push(`${sent} deltas were sent, ${acknowledged} acknowledged, ${examined.recorded} are on record`);
  for (const customerId of book.customers) failures.push(...(await anchored(server, customerId)));
  for (const customerId of deeds.erased) failures.push(...(await erased(server, customerId)));
  for (const { checkpointId, customerId } of deeds.statements.values()) {
    const status = await within(async () => {
      const { data } = await read<{ status: string }>(server, `/balance/checkpoints/${checkpointId}`);
      return data?.status === "VERIFIED";
    });
    if (!status) failures.push(`the statement ${checkpointId} was answered, and is never verified`);
    if (customerId !== null && !(await within(async () => receiver.checkpoints.has(checkpointId))))
      failures.push(`nobody was told of the statement ${checkpointId}`);
  }
  await audit(place, server.rpcUrl);
  await server.stop();
  return examined;
}

type Derived = {
  pendingCount: number;
  verifiedBalance: unknown;
  computedBalance: unknown;
  latestReceiptId: string;
  deltas: { reason: string | null }[];
};

async function anchored(server: Server, customerId: string): Promise<string[]> {
  const derive = () => read<Derived>(server, `/balance/derive/${customerId}?limit=1`);
  if ((await derive()).status === 404) return [];
  if (!(await within(async () => (await derive()).data?.pendingCount === 0)))
    return [`${customerId} is not anchored to the end`];
  const { data } = await derive();
  if (data!.verifiedBalance !== data!.computedBalance)
    return [`${customerId}: balance ${data!.computedBalance}, verified ${data!.verifiedBalance}`];
  const { data: seen } = await read<{ verified: boolean; message: string }>(
    server,
    `/verify/${data!.latestReceiptId}?source=chain`,
  );
  return seen?.verified ? [] : [`${customerId}: the chain does not agree: ${seen?.message}`];
}

async function erased(server: Server, customerId: string): Promise<string[]> {
  const { data } = await read<Derived>(server, `/balance/derive/${customerId}`);
  return data?.deltas.length === 1 && data.deltas[0]!.reason === null
    ? []
    : [`${customerId} was erased, and reads ${JSON.stringify(data?.deltas)}`];
}

async function within(look: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await look())) {
    if (performance.now() > end) return false;
    await sleep(LOOK_MS);
  }
  return true;
}

async function read<T>({ url, apiKey }: Server, path: string): Promise<{ status: number; data: T | undefined }> {
  const response = await fetch(`${url}/api/v1${path}`, { headers: { "X-Api-Key": apiKey } });
  return { status: response.status, data: ((await response.json()) as { data?: T }).data };
}
