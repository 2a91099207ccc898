import { Tallyroot, type TallyrootOptions } from "#src/sdk/tallyroot.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";

/** A real server, its admin key, and the policy that somebody who looked at its contract would write. */
export type Ground = {
  server: Server;
  apiKey: string;
  policy: Record<string, unknown>;
  client(options?: Partial<TallyrootOptions>): Tallyroot;
  stop(): Promise<void>;
};

export async function startGround(): Promise<Ground> {
  const dir = temporaryDirectory();
  const server = await startServer(dir);
  const apiKey = apiKeyOf(dir);
  const { data } = (await (await fetch(`${server.url}/api/v1/chain`)).json()) as {
    data: { chainId: number; contract: string; codeHash: string; log: string };
  };
  const policy = {
    format: "tallyroot-policy/1",
    chainId: String(data.chainId),
    contract: data.contract,
    codeHash: data.codeHash,
    log: data.log,
    confirmations: "1",
    rpc: [server.rpcUrl],
  };
  return {
    server,
    apiKey,
    policy,
    client: (options = {}) => new Tallyroot({ apiKey, baseUrl: server.url, ...options }),
    async stop() {
      await server.stop();
      removeDirectory(dir);
    },
  };
}

/** What a promise is rejected with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<Record<string, unknown> & Error> {
  try {
    await promise;
  } catch (error) {
    return error as Record<string, unknown> & Error;
  }
  throw new Error("it was not rejected");
}
