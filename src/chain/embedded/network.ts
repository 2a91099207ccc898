/** The only place that knows Hardhat, but for `native-library.ts`. */

import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import { ACCOUNT_BALANCE, BLOCK_GAS_LIMIT, FUNDS_FOR_PUBLISHERS, WELL_KNOWN_KEYS } from "./genesis.ts";

/** What a fresh network is made from; equal terms give an equal block 0. */
export interface NetworkTerms {
  chainId: number;
  hardfork: string;
  /** ISO 8601, whole seconds: the timestamp of block 0. */
  initialDate: string;
}

export interface Network {
  request(method: string, params: readonly unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * A fresh in-process Hardhat network that mines one block per accepted transaction and refuses what it cannot mine at once.
 *
 * Made from an explicit configuration, so that no hardhat.config.ts, compiler or build output is loaded, nor can change it.
 */
export async function createNetwork(terms: NetworkTerms): Promise<Network> {
  const environment = await createHardhatRuntimeEnvironment(
    {
      // A folder that is never made: what somebody compiled elsewhere in the tree is none of this chain's business.
      paths: { artifacts: "no-build-output", cache: "no-build-output" },
      networks: {
        embedded: {
          type: "edr-simulated",
          chainType: "l1",
          chainId: terms.chainId,
          hardfork: terms.hardfork,
          initialDate: terms.initialDate,
          blockGasLimit: BLOCK_GAS_LIMIT,
          mining: { auto: true, interval: 0 },
          allowBlocksWithSameTimestamp: false,
          // A reverted transaction is mined and has a hash, as on any other chain.
          throwOnTransactionFailures: false,
          accounts: WELL_KNOWN_KEYS.map((privateKey, index) => ({
            privateKey,
            balance: (ACCOUNT_BALANCE + (index === 0 ? FUNDS_FOR_PUBLISHERS : 0n)).toString(),
          })),
        },
      },
    },
    {},
    import.meta.dirname,
  );
  const connection = await environment.network.create("embedded");
  return {
    request: (method, params) => connection.provider.request({ method, params: [...params] }),
    close: () => connection.close(),
  };
}
