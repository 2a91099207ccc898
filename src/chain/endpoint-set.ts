import { ChainUnavailableError } from "../core/errors.ts";
import { openEndpoints } from "../witness/agreement.ts";
import { CallFailedError, EndpointRefusalError } from "../witness/endpoint.ts";
import { type Questions, questionsTo } from "./questions.ts";
import { ChainWaitError } from "./waits.ts";

/** Milliseconds for which an endpoint that did not answer is passed over; twice as long each time, up to the longest. */
const BACK_OFF_MS = 1_000;
const LONGEST_BACK_OFF_MS = 30_000;
/** Milliseconds for which an endpoint's word on which chain it is of is believed. */
const CHAIN_ID_MS = 30_000;
/** Blocks that an endpoint may be behind the others before it is asked last. */
const BEHIND_BLOCKS = 10n;

export type EndpointState = "up" | "down" | "behind" | "other chain";
/** How an endpoint is, and why where it is not up. */
export type EndpointReport = { name: string; state: EndpointState; detail: string };

/** What one endpoint answered. */
export type Said<T> = { by: string; value: T };
/** All that answered, and why the others did not. */
export type Round<T> = { said: Said<T>[]; silent: string[] };

type Member = {
  readonly questions: Questions;
  failures: number;
  /** Until then it is passed over. */
  retryAt: number;
  trouble: string | undefined;
  /** The chain that it says it is of, when that is another than the log's. */
  otherChain: bigint | undefined;
  /** When it last said that it is of the right chain. */
  chainSeenAt: number;
  head: bigint | undefined;
};

/** How many of several have to answer what is asked of all: two thirds, rounded down, and at least one. */
export const quorumOf = (endpoints: number): number => Math.max(1, Math.floor((2 * endpoints) / 3));

export type EndpointSetSettings = {
  /** The chain that every endpoint must be of; where it is not known yet, what an endpoint says is not compared. */
  chainId?: number | undefined;
  /** Unix milliseconds. */
  clock?: (() => number) | undefined;
};

/**
 * Several JSON-RPC endpoints of one chain.
 *
 * What can be asked of any of them is asked of the first that answers, and those that do not are passed over for a while. What must not
 * depend on the word of one is asked of each. One that is of another chain is never believed, whatever it answers.
 *
 * @throws ChainUnavailableError from `any` and `all`
 */
export function openEndpointSet(
  urls: string | readonly string[],
  { chainId, clock = Date.now }: EndpointSetSettings = {},
) {
  const endpoints = openEndpoints(typeof urls === "string" ? [urls] : urls);
  const members: Member[] = endpoints.map((endpoint) => ({
    questions: questionsTo(endpoint),
    failures: 0,
    retryAt: 0,
    trouble: undefined,
    otherChain: undefined,
    chainSeenAt: Number.NEGATIVE_INFINITY,
    head: undefined,
  }));
  const quorum = quorumOf(members.length);

  function failed(member: Member, trouble: string): void {
    member.trouble = trouble;
    member.retryAt = clock() + Math.min(BACK_OFF_MS * 2 ** member.failures, LONGEST_BACK_OFF_MS);
    member.failures += 1;
    member.chainSeenAt = Number.NEGATIVE_INFINITY;
  }

  async function expectChain(member: Member): Promise<void> {
    if (chainId === undefined || clock() - member.chainSeenAt < CHAIN_ID_MS) return;
    const found = await member.questions.chainId();
    if (found === BigInt(chainId)) {
      member.otherChain = undefined;
      member.chainSeenAt = clock();
      return;
    }
    member.otherChain = found;
    throw new ChainWaitError("OTHER_CHAIN", `${member.questions.name} is of chain ${found}, not of chain ${chainId}`);
  }

  /** One question to one endpoint, and what its answer says about the endpoint. */
  async function ask<T>(member: Member, work: (questions: Questions) => Promise<T>): Promise<T> {
    try {
      await expectChain(member);
      const answer = await work(member.questions);
      member.failures = 0;
      member.trouble = undefined;
      return answer;
    } catch (error) {
      // Refusing a question is an answer, and so is a call that failed.
      const answered = error instanceof EndpointRefusalError || error instanceof CallFailedError;
      if (error instanceof ChainUnavailableError && !answered) failed(member, error.message);
      throw error;
    }
  }

  /** Those that are not passed over just now; all of them where that is nobody. */
  function willing(): readonly Member[] {
    const now = clock();
    const found = members.filter(({ retryAt }) => retryAt <= now);
    return found.length > 0 ? found : members;
  }

  const isBehind = (member: Member): boolean => {
    const reference = referenceHead(members);
    return member.head !== undefined && reference !== undefined && member.head + BEHIND_BLOCKS < reference;
  };

  /** The answer of the first endpoint that has one; of those that are up, the ones that are behind come last. */
  async function any<T>(work: (questions: Questions) => Promise<T>): Promise<T> {
    const inOrder = willing().toSorted((a, b) => Number(isBehind(a)) - Number(isBehind(b)));
    const failures: ChainUnavailableError[] = [];
    for (const member of inOrder) {
      try {
        return await ask(member, work);
      } catch (error) {
        if (!(error instanceof ChainUnavailableError)) throw error;
        failures.push(error);
      }
    }
    // A refusal says more than that somebody was away.
    const refusal = failures.find((failure) => failure instanceof EndpointRefusalError);
    if (refusal || failures.length === 1) throw refusal ?? failures[0]!;
    throw new ChainWaitError("ENDPOINTS_AWAY", failures.map(({ message }) => message).join("; "), {
      cause: failures[0],
    });
  }

  /** The answers of all that have one, which may be nobody. */
  async function each<T>(work: (questions: Questions) => Promise<T>): Promise<Round<T>> {
    const asked = willing();
    const settled = await Promise.allSettled(asked.map((member) => ask(member, work)));
    const round: Round<T> = { said: [], silent: [] };
    for (const [i, outcome] of settled.entries()) {
      if (outcome.status === "fulfilled") round.said.push({ by: asked[i]!.questions.name, value: outcome.value });
      else if (outcome.reason instanceof ChainUnavailableError) round.silent.push(outcome.reason.message);
      else throw outcome.reason;
    }
    for (const member of members)
      if (!asked.includes(member)) round.silent.push(member.trouble ?? `${member.questions.name} is passed over`);
    return round;
  }

  return {
    size: members.length,
    quorum,
    any,
    each,

    /** What all say of one thing, where enough answer. @throws ChainWaitError ENDPOINTS_AWAY naming those that do not. */
    async all<T>(work: (questions: Questions) => Promise<T>): Promise<Said<T>[]> {
      if (members.length === 1) return [{ by: members[0]!.questions.name, value: await ask(members[0]!, work) }];
      const { said, silent } = await each(work);
      if (said.length >= quorum) return said;
      throw new ChainWaitError(
        "ENDPOINTS_AWAY",
        `${said.length} of ${members.length} endpoints answer, and ${quorum} are needed: ${silent.join("; ")}`,
      );
    },

    /** Asks every endpoint again which chain it is of, and how far it has come. */
    async look(): Promise<void> {
      for (const member of members) member.chainSeenAt = Number.NEGATIVE_INFINITY;
      await Promise.all(
        willing().map(async (member) => {
          try {
            member.head = await ask(member, ({ blockNumber }) => blockNumber());
          } catch (error) {
            // It is in the reports.
            if (!(error instanceof ChainUnavailableError)) throw error;
          }
        }),
      );
    },

    reports(): EndpointReport[] {
      return members.map((member) => {
        const { name } = member.questions;
        if (member.otherChain !== undefined && member.trouble !== undefined)
          return { name, state: "other chain", detail: member.trouble };
        if (member.trouble !== undefined) return { name, state: "down", detail: member.trouble };
        if (isBehind(member)) return { name, state: "behind", detail: `${name} is behind, at block ${member.head}` };
        return { name, state: "up", detail: `${name} answers` };
      });
    },
  };
}

export type EndpointSet = ReturnType<typeof openEndpointSet>;

/** Where the chain is: the middle of what endpoints say, the higher of two. One that claims any height moves no other behind. */
function referenceHead(members: readonly Member[]): bigint | undefined {
  const heads = members.flatMap(({ head }) => (head === undefined ? [] : [head]));
  return heads.toSorted((a, b) => (a > b ? -1 : a < b ? 1 : 0))[Math.floor((heads.length - 1) / 2)];
}
