import { checksumAddress } from "../core/address.ts";
import { concatBytes, toHex, utf8 } from "../core/bytes.ts";
import { keccak } from "../core/keccak.ts";
import type { AnchorReference } from "../core/receipt.ts";
import type { Step } from "../core/verify-receipt.ts";
import { agreement, type Failure, openEndpoints, rememberingPlace } from "../witness/agreement.ts";
import { CallFailedError } from "../witness/endpoint.ts";
import { numberIn, rootCall } from "../witness/log-calls.ts";
import { type Reader, readerOf } from "../witness/reader.ts";
import { openWitness, placeFailure, type WitnessSettings } from "../witness/witness.ts";

const COUNT = keccak(utf8("count(bytes32)")).slice(0, 4);

/** One log of a contract, and the chain that it is on. */
export type LogPlace = Pick<AnchorReference, "chainId" | "contract" | "log">;

/** A whole log as outsiders see it, over any endpoints. Every method may throw ChainUnavailableError. */
export type LogSurvey = {
  /** What is wrong with chain or code, if anything. */
  placeFailure(): Promise<Failure | undefined>;
  /** How many anchors the log has: the most that any endpoint knows, since one may be behind another. */
  count(): Promise<number>;
  /** Which endpoints have a root at an index, and which one. */
  roots(index: number): Promise<(Uint8Array | undefined)[]>;
  /** Step 6 of verifying, over one anchor. */
  check(anchor: AnchorReference): Promise<Step>;
};

export function openLogSurvey(place: LogPlace, settings: WitnessSettings): LogSurvey {
  const readers = openEndpoints(settings.endpoints, settings).map(readerOf).map(rememberingPlace);
  const witness = openWitness(settings);
  const word = async (reader: Reader, data: string): Promise<Uint8Array | undefined> => {
    try {
      const answer = await reader.call(checksumAddress(place.contract), data);
      return answer.length === 32 ? answer : undefined;
    } catch (error) {
      // The code at the address is another one, which `placeFailure` says.
      if (!(error instanceof CallFailedError)) throw error;
      return undefined;
    }
  };
  return {
    async placeFailure() {
      const found = await agreement(readers, async (reader) => {
        return (await placeFailure(reader, settings.pins ?? {}, place)) ?? { passed: "" };
      });
      return "failure" in found ? found : undefined;
    },
    async count() {
      const data = toHex(concatBytes(COUNT, place.log));
      const words = await Promise.all(readers.map((reader) => word(reader, data)));
      return Math.max(0, ...words.map((found) => (found ? Number(numberIn(found)) : 0)));
    },
    async roots(index) {
      const data = rootCall(place.log, BigInt(index));
      const words = await Promise.all(readers.map((reader) => word(reader, data)));
      return words.map((found) => (found?.some((byte) => byte !== 0) ? found : undefined));
    },
    check: (anchor) => witness.check(anchor),
  };
}
