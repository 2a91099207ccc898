import type { Hex } from "viem";
import { compiledCreationCode } from "#src/chain/compiled-code.ts";
import { openCourt } from "#src/chain/court.ts";
import { courtCall } from "#src/chain/court-call.ts";
import { checksumAddress } from "#src/core/address.ts";
import { findContradictions } from "#src/core/arbitration/contradiction.ts";
import { addReceipt, noStatements } from "#src/core/arbitration/statement.ts";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { ChainUnavailableError } from "#src/core/errors.ts";
import type { Policy } from "#src/core/policy.ts";
import { decodeReceipt } from "#src/core/receipt.ts";
import type { verifyFile } from "#src/core/verify-file.ts";
import type { Expected } from "#src/core/verify-receipt.ts";
import type { openWitness, WitnessPins } from "#src/witness/witness.ts";
import { anchoredLies, bookOf, withLie } from "./anchored-lies.ts";
import { chainLies } from "./chain-lies.ts";
import { changedFiles } from "./changed-files.ts";
import { type Anchored, deltaFile, headOf, type Statement, textOf } from "./forge.ts";
import type { Forgery, Roots, Surroundings } from "./forgery.ts";
import { bytesOf, type Ground } from "./ground.ts";
import { growthLies } from "./growth-lies.ts";
import { startLyingRpc } from "./liars.ts";
import { type EvilLog, openPublisher, type Publisher, STOP_CREATION, YES_CREATION } from "./publisher.ts";

/** A file as a verifier gets it, and what that verifier knows by another way. */
export type Shown = {
  name: string;
  bytes: Uint8Array;
  expected: Expected;
  pins: WitnessPins;
  confirmations: number;
  endpoints: string[];
};

export type ShownForgery = Shown & Pick<Forgery, "code" | "heavy">;

/** The publisher's logs, for whoever needs more in them. */
export type Forged = {
  forgeries: ShownForgery[];
  publisher: Publisher;
  evil: EvilLog;
  marked: EvilLog;
  stop(): Promise<void>;
};

/** Makes every forgery: anchors what the lies need on the ground's chain, in logs that are not the honest server's. */
export async function forge(ground: Ground): Promise<Forged> {
  const { rpcUrl } = ground.chain;
  const publisher = openPublisher(rpcUrl, ground.publisherKey);
  const { contract, codeHash } = ground.place;
  const lies = [...anchoredLies(), ...growthLies(), ...chainLies()];
  const under = (root: keyof Roots, more: Statement[] = []) => [
    ...new Set([...lies.flatMap(({ anchored }) => anchored?.[root] ?? []), ...more]),
  ];

  const evil = await publisher.openLog(contract);
  const marked = await publisher.openLog(contract);
  const contradiction = outOfNothing();
  const yes = { chainId: ground.place.chainId, contract: await publisher.deploy(YES_CREATION), log: evil.place.log };
  const roots: Roots = {
    early: await evil.anchor(under("early")),
    late: await evil.anchor(under("late")),
    otherLog: await (await publisher.openLog(contract)).anchor(under("otherLog")),
    twin: await (await publisher.openLog(await publisher.deploy(compiledCreationCode()))).anchor(under("twin")),
    yes: await publisher.resume({ ...yes, contract: checksumAddress(bytesOf(yes.contract)) }).anchor(under("yes")),
    marked: await marked.anchor(under("marked", [contradiction])),
  };
  await mark(publisher, ground.publisherKey, roots.marked, contradiction);
  const about = await surroundings(publisher, roots);

  const shownOf = (log: EvilLog["place"]) => (forgery: Forgery) => {
    const { name, code, expected = {}, confirmations = 1, heavy } = forgery;
    const file = forgery.file(roots, about);
    const endpoints = forgery.endpoints?.(about) ?? [rpcUrl];
    const all = pinsOf(log, codeHash);
    const pins = forgery.pins === "none" ? {} : forgery.pins === "code" ? { codeHash: all.codeHash } : all;
    const bytes = file instanceof Uint8Array ? file : textOf(file);
    return { name, code, bytes, expected, pins, confirmations, endpoints, ...(heavy && { heavy }) };
  };
  const forgeries = [...changedFiles(ground).map(shownOf(ground.place)), ...lies.map(shownOf(evil.place))];
  return { forgeries, publisher, evil, marked, stop: about.stop };
}

/** Endpoints that lie, and a contract that is none. */
async function surroundings(
  { rpcUrl, deploy }: Publisher,
  { early, late }: Roots,
): Promise<Surroundings & { stop(): Promise<void> }> {
  const blockHash: Hex = `0x${"b1".repeat(32)}`;
  const held = toHex(late.root);
  const asked = toHex(early.root);
  const yesSayer = await startLyingRpc(rpcUrl, (_method, _params, result) =>
    JSON.parse(JSON.stringify(result ?? null).replaceAll(asked.slice(2), held.slice(2))),
  );
  const forgetful = await startLyingRpc(rpcUrl, (method, _params, result) =>
    method === "eth_getTransactionReceipt" ? { ...(result as object), blockHash } : result,
  );
  return {
    bareContract: checksumAddress(bytesOf(await deploy(STOP_CREATION))),
    yesSayer: yesSayer.url,
    forgetful: { url: forgetful.url, blockHash },
    honest: rpcUrl,
    async stop() {
      await yesSayer.stop();
      await forgetful.stop();
    },
  };
}

export function pinsOf(place: { chainId: number; contract: Hex; log: Hex }, codeHash: Hex): Required<WitnessPins> {
  return {
    chainId: BigInt(place.chainId),
    contract: bytesOf(place.contract),
    log: fromHex(place.log),
    codeHash: fromHex(codeHash),
  };
}

/** The policy of a verifier who pins everything; undefined for one who does not. */
export function policyOf({ pins, confirmations, endpoints }: Shown): Policy | undefined {
  const { chainId, contract, log, codeHash } = pins;
  if (chainId === undefined || !contract || !log || !codeHash) return undefined;
  return { chainId, contract, log, codeHash, confirmations, rpc: endpoints };
}

/** A head over a first delta whose balance is not its amount, which the contract takes for proof. */
const outOfNothing = (): Statement => headOf(bookOf(withLie(1, { lie: { balance: 501n } })));

/** Anybody with the receipt can mark the log; here its publisher pays for it himself. */
async function mark({ rpcUrl }: Publisher, publisherKey: Hex, anchored: Anchored, head: Statement): Promise<void> {
  const statements = noStatements();
  addReceipt(statements, "the receipt", decodeReceipt(deltaFile(anchored, head, 1)));
  const [contradiction] = findContradictions(statements);
  const judgement = await openCourt(rpcUrl, anchored.anchor).bring(courtCall(anchored.anchor, contradiction!), {
    key: publisherKey,
  });
  if ("refusal" in judgement) throw new Error(judgement.refusal);
}

/** A verifier: ours, or a copy of it in which something was changed. */
export type Verifier = { verifyFile: typeof verifyFile; openWitness: typeof openWitness };

/** What a verifier comes to: VERIFIED, the failure that it names, CHAIN_SILENT, or FAULT where it broke instead of judging. */
export async function verdictOf(verifier: Verifier, shown: Shown): Promise<string> {
  const { bytes, expected, pins, confirmations, endpoints } = shown;
  try {
    const { steps, anchors } = verifier.verifyFile(bytes, expected);
    const failed = steps.find(({ outcome }) => outcome === "failed");
    const last = failed ?? (await verifier.openWitness({ endpoints, pins, confirmations }).checkAll(anchors));
    return last.outcome === "failed" ? last.failure : last.outcome === "passed" ? "VERIFIED" : "CONSISTENT";
  } catch (error) {
    // By its name: a copy of the verifier has a class of its own.
    return error instanceof Error && error.name === ChainUnavailableError.name ? "CHAIN_SILENT" : "FAULT";
  }
}
