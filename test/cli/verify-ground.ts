import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { policyCommand } from "#src/cli/policy/command.ts";
import { type Ended, verifyCommand } from "#src/cli/verify/command.ts";
import { fromHex } from "#src/core/bytes.ts";
import { type Policy, policyText } from "#src/core/policy.ts";
import { RECEIPT_MEDIA_TYPE } from "#src/core/receipt.ts";
import { ADDRESS } from "#src/core/shape.ts";
import { dataOf, eventually, type Members, read, send } from "#test/http/call.ts";
import { type History, type Past, seedHistory } from "#test/http/history.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";

/** Files of evidence from a real server over a real chain, in a folder, and the commands over them. */

const FLAGS = { stdin: "", node: [] as string[] };

/** Runs a command as a process of its own, as it is run by hand, in a folder. */
export function run(
  command: "verify" | "policy",
  words: readonly string[],
  cwd: string,
  { stdin, node }: Partial<typeof FLAGS> = FLAGS,
): Promise<Ended> {
  const file = fileURLToPath(import.meta.resolve(`#src/cli/${command}.ts`));
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...(node ?? []), file, ...words], { cwd }, (_error, output, errors) =>
      resolve({ code: child.exitCode ?? -1, output, errors }),
    );
    child.stdin?.end(stdin ?? "");
  });
}

export type EvidenceGround = {
  /** The folder: open.json, blind.json, checkpoint.json, listed.json, consistency.json, policy.json. */
  folder: string;
  server: Server;
  history: History;
  /** The delta that the two receipts are of, and the checkpoint of customer `a` over February 2025. */
  delta: Past;
  checkpoint: Members;
  policy: Policy;
  /** The commands in this process, over the folder's files. */
  verify(...words: string[]): Promise<Ended>;
  makePolicy(...words: string[]): Promise<Ended>;
  json(name: string): Members;
  write(name: string, content: unknown): string;
  stop(): Promise<void>;
};

export async function startEvidenceGround(): Promise<EvidenceGround> {
  const [dir, folder] = [temporaryDirectory(), temporaryDirectory()];
  const history = await seedHistory(dir);
  const server = await startServer(dir);
  const key = history.keys.write;
  const delta = history.past.filter(({ customerId }) => customerId === "a")[11]!;

  const write = (name: string, content: unknown) => {
    const text = typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content);
    writeFileSync(join(folder, name), text);
    return name;
  };
  const inFolder = (word: string) => (existsSync(join(folder, word)) ? join(folder, word) : word);
  async function save(name: string, path: string, sent: { key?: string; headers?: Record<string, string> } = {}) {
    const reply = await send(server.url, { path: `/api/v1${path}`, ...sent });
    expect(reply.status, reply.text).to.equal(200);
    write(name, reply.text);
  }
  async function made(period: string): Promise<Members> {
    const body = { customerId: "a", period };
    const { checkpointId } = dataOf(await send(server.url, { path: "/api/v1/balance/checkpoint", key, body }));
    return eventually(`${checkpointId} VERIFIED`, async () => {
      const now = await read({ url: server.url, key }, `/balance/checkpoints/${checkpointId}`);
      return now.status === "VERIFIED" ? now : undefined;
    });
  }

  const [checkpoint, march] = [await made("2025-02"), await made("2025-03")];
  await save("blind.json", `/receipt/${delta.receiptId}`);
  await save("open.json", `/balance/receipts/${delta.receiptId}`, { key, headers: { Accept: RECEIPT_MEDIA_TYPE } });
  await save("checkpoint.json", `/receipt/${checkpoint.proofRoot}`);
  await save("listed.json", `/receipt/${checkpoint.proofRoot}?deltas=true`);
  await save("consistency.json", `/consistency?from=${checkpoint.proofRoot}&to=${march.proofRoot}`);

  const json = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Members;
  const place = await read({ url: server.url }, "/chain");
  const policy: Policy = {
    chainId: BigInt(place.chainId),
    contract: ADDRESS.decode("contract", place.contract),
    codeHash: fromHex(place.codeHash),
    log: fromHex(place.log),
    confirmations: 1,
    rpc: [server.rpcUrl],
    namespace: ADDRESS.decode("namespace", json("open.json").namespace),
  };
  write("policy.json", policyText(policy));
  return {
    folder,
    server,
    history,
    delta,
    checkpoint,
    policy,
    verify: (...words) => verifyCommand(words.map(inFolder)),
    makePolicy: (...words) => policyCommand(words.map(inFolder)),
    json,
    write,
    async stop() {
      await server.stop();
      removeDirectory(dir);
      removeDirectory(folder);
    },
  };
}
