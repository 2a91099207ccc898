import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import { createTestClient, type Hex, http, publicActions, walletActions } from "viem";
import { hardhat } from "viem/chains";
import { PUBLISHER_KEY } from "#test/chain/embedded-fixture.ts";

/** A key that nobody has given any ether. */
export const POOR_KEY: Hex = `0x${"21".repeat(32)}`;
/** A second account with ether. */
export const OTHER_KEY: Hex = `0x${"22".repeat(32)}`;

const ETHER = 10n ** 18n;

export type ForeignNetwork = Awaited<ReturnType<typeof startForeignNetwork>>;

/**
 * Somebody else's network: a Hardhat chain with an id of its own, served as JSON-RPC over HTTP, on which nothing is deployed and only the
 * publisher and one other account have ether.
 */
export async function startForeignNetwork(chainId: number, { port = 0 }: { port?: number } = {}) {
  const accounts = [PUBLISHER_KEY, OTHER_KEY].map((privateKey) => ({ privateKey, balance: String(1000n * ETHER) }));
  const environment = await createHardhatRuntimeEnvironment(
    {
      paths: { artifacts: "no-build-output", cache: "no-build-output" },
      networks: { foreign: { type: "edr-simulated", chainType: "l1", chainId, accounts } },
    },
    {},
    import.meta.dirname,
  );
  const server = await environment.network.createServer("foreign", "127.0.0.1", port);
  const address = await server.listen();
  const rpcUrl = `http://127.0.0.1:${address.port}`;
  const client = createTestClient({
    chain: { ...hardhat, id: chainId },
    mode: "hardhat",
    // It is served by this process: while a test keeps that busy, connections grow old.
    transport: http(rpcUrl, { retryCount: 2 }),
    cacheTime: 0,
    pollingInterval: 20,
  })
    .extend(publicActions)
    .extend(walletActions);
  return { chainId, rpcUrl, port: address.port, client, stop: () => server.close() };
}

/** What an endpoint answers by itself; undefined for what it passes on. */
export type OwnAnswer = (method: string, params: unknown[]) => object | undefined;

/** An endpoint of the same network that has answers of its own to some questions, as some nodes do. */
export async function startNode({ rpcUrl }: ForeignNetwork, own: OwnAnswer) {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: unknown[] };
    const answer = own(method, params);
    const headers = { "content-type": "application/json" };
    response.setHeader("content-type", "application/json");
    response.end(
      answer
        ? JSON.stringify({ jsonrpc: "2.0", id, ...answer })
        : await (await fetch(rpcUrl, { method: "POST", headers, body })).text(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    rpcUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
