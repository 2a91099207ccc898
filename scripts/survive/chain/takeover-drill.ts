import { setTimeout as sleep } from "node:timers/promises";
import { privateKeyToAddress } from "viem/accounts";
import { settle } from "../book.ts";
import type { Fault, Settings } from "../drill.ts";
import { examine } from "../examine.ts";
import { seeded } from "../random.ts";
import { NotStartedError } from "../server.ts";
import { hold, refusals } from "./hold.ts";
import { publisherKey } from "./keys.ts";
import type { Hex, Network } from "./network.ts";
import { anchors, caughtUp, eventually, HaltedError, openStage, type Pace, type Stage } from "./stage.ts";
import { OTHER_CODE, type Place, TAKEOVERS, type Takeover } from "./takeovers.ts";

/** Milliseconds for which recording is watched after anchoring has halted, and after which a server that has not halted never will. */
const RECORDING_MS = 1_000;
const HALTING_MS = 300_000;
/** Anchors that have to be final before the log is taken from under them. */
const LEAST_LOST = 2;

/** What happens to one log alone: anchoring must halt over it, each on a server of its own that goes on recording. */
export async function drillTakeovers(settings: Settings, pace: Pace, network: Network): Promise<Fault[]> {
  const stages: Stage[] = [];
  for (const number of TAKEOVERS.keys())
    stages.push(await open({ settings, pace, network }, number, `takeover-${number}`));
  return Promise.all(TAKEOVERS.map((one, number) => takeOver(stages[number]!, one, number)));
}

/** What happens to the contract and the chain, hence to all logs: it can be mended, and a start then goes on. */
export async function drillMended(settings: Settings, pace: Pace, network: Network): Promise<Fault[]> {
  const stage = await open({ settings, pace, network }, 0, "other-code");
  return [await takeOver(stage, OTHER_CODE, 0, withCodeAgain), await loseOpening(settings, pace, network)];
}

type Ground = { settings: Settings; pace: Pace; network: Network };

function open(ground: Ground, number: number, name: string): Promise<Stage> {
  const random = seeded(ground.settings.seed + 10 + number);
  return openStage({ ...ground, name, publisherKey: publisherKey(number), random });
}

async function placeOf({ server, network }: Stage): Promise<Place> {
  const { data } = (await (await fetch(`${server.url}/api/v1/chain`)).json()) as { data: Place };
  return { ...data, code: await network.ask<Hex>("eth_getCode", [data.contract, "latest"]) };
}

/** Waits until anchoring halts. @returns the reason. */
async function halted(stage: Stage): Promise<string> {
  try {
    await eventually(stage, "anchoring halts", async () => undefined, HALTING_MS);
  } catch (error) {
    if (error instanceof HaltedError) return error.message;
    throw error;
  }
  throw new Error("this is not reached");
}

/** @param mend what comes after the halt; it ends the stage's clients. @returns what went wrong. */
async function takeOver(
  stage: Stage,
  { name, reason, bring }: Takeover,
  number: number,
  mend: (stage: Stage, place: Place) => Promise<string[]> = recordOnly,
): Promise<Fault> {
  const { settings, pace } = stage;
  try {
    await caughtUp(stage);
    const place = await placeOf(stage);
    const began = performance.now();
    await bring(stage, privateKeyToAddress(publisherKey(number)), place);
    const said = await halted(stage);
    const haltedMs = performance.now() - began;
    const failures: string[] = [];
    if (!reason.test(said)) failures.push(`it does not say why: ${said}`);
    if (haltedMs < pace.haltAfterMs) failures.push(`it halted after ${haltedMs} ms, before its patience had run out`);
    const before = stage.book.acknowledged.size;
    await sleep(RECORDING_MS);
    const recorded = stage.book.acknowledged.size - before;
    if (recorded === 0) failures.push("nothing was recorded after it had halted");
    failures.push(...refusals(stage), ...(await mend(stage, place)));
    settings.say(`chain: ${name}: halted after ${Math.round(haltedMs)} ms: ${said}`);
    return { name, tries: 1, figures: { "halted after, ms": haltedMs, "recorded while halted": recorded }, failures };
  } finally {
    await stage.stop();
  }
}

/** The record is whole, though anchoring has halted. */
async function recordOnly(stage: Stage): Promise<string[]> {
  await stage.quiet();
  await settle(stage.server, stage.book);
  return (await examine(stage.server, stage.book)).failures;
}

/** No server starts over other code; once the right code is back, everything is anchored that had to wait. */
async function withCodeAgain(stage: Stage, { contract, code }: Place): Promise<string[]> {
  const failures: string[] = [];
  await stage.quiet();
  await stage.server.stop();
  const refused = await stage.start().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(refused instanceof NotStartedError && /code|AnchorLog/.test(refused.message)))
    failures.push(`it started over other code, or did not say why not: ${refused}`);
  await stage.network.ask("hardhat_setCode", [contract, code]);
  await stage.start();
  return [...failures, ...(await hold(stage)).failures];
}

/** A reorganisation takes the log itself: a start opens it again under the same id, and everything is anchored once more. */
async function loseOpening(settings: Settings, pace: Pace, network: Network): Promise<Fault> {
  const random = seeded(settings.seed + 20);
  const name = "a reorganisation takes the opening of the log";
  const options = { settings, pace, network, random };
  const first = await openStage({ ...options, name: "opening-before", publisherKey: publisherKey(6) });
  const { contract } = await placeOf(first);
  await first.stop();
  const snapshot = await network.ask<Hex>("evm_snapshot");
  const stage = await openStage({ ...options, name: "opening", publisherKey: publisherKey(7), contract });
  try {
    const lost = await eventually(stage, "some anchors CONFIRMED", async () => {
      const final = (await anchors(stage)).filter(({ status }) => status === "CONFIRMED").length;
      return final >= LEAST_LOST ? final : undefined;
    });
    await network.reorganise(snapshot);
    const said = await halted(stage);
    const failures = /a start opens the log again/i.test(said) ? [] : [`it does not say what to do: ${said}`];
    await stage.server.stop();
    await stage.start();
    const caughtUpMs = await caughtUp(stage);
    const held = await hold(stage);
    settings.say(`chain: ${name}: ${lost} anchors lost, caught up ${Math.round(caughtUpMs)} ms after the start`);
    const figures = { "anchors lost": lost, anchored: held.anchored, recorded: held.recorded };
    return { name, tries: 1, figures, failures: [...failures, ...held.failures] };
  } finally {
    await stage.stop();
  }
}
