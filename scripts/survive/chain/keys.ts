import { privateKeyToAddress } from "viem/accounts";
import { WELL_KNOWN_KEYS } from "../../../src/chain/embedded/genesis.ts";

/** Accounts that every Hardhat network knows and signs for: so the drill can do what somebody else does who has the publisher's key. */
export const publisherKey = (number: number): `0x${string}` => WELL_KNOWN_KEYS[number]!;
/** Somebody with ether of their own. */
export const SOMEBODY = privateKeyToAddress(WELL_KNOWN_KEYS[9]!);
