import { expect } from "chai";
import {
  getContractAddress,
  type Hex,
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  type TransactionSerializedLegacy,
  toHex,
} from "viem";
import { DEPLOYER_CODE_HASH, ensureDeployer, KEYLESS, KEYLESS_COST, KEYLESS_SIGNER } from "#src/chain/deployer.ts";
import { deployDeterministically, deployPlainly } from "#src/chain/deployment.ts";
import { DeploymentError } from "#src/chain/deployment-error.ts";
import { DEPLOYER, DEPLOYMENT_SALT, deterministicAddress } from "#src/chain/deterministic-address.ts";
import { openPayer } from "#src/chain/payer.ts";
import { anchorLogBytecode, anchorLogCodeHash } from "#src/contracts.ts";
import { checksumAddress } from "#src/core/address.ts";
import { PUBLISHER, PUBLISHER_KEY } from "#test/chain/embedded-fixture.ts";
import { eventually } from "#test/http/call.ts";
import { type ForeignNetwork, OTHER_KEY, POOR_KEY, startForeignNetwork, startNode } from "./foreign-network.ts";

/** Whoever pinned it must find it again: it changes with the contract's code, and only then. */
const ADDRESS = "0x2A16fd5208054829D6e4c66aeeDBAE8ee70749D5";

const networks: ForeignNetwork[] = [];
const fresh = async (chainId: number) => {
  const network = await startForeignNetwork(chainId);
  networks.push(network);
  return network;
};
const payerOn = ({ rpcUrl }: ForeignNetwork, key: Hex = PUBLISHER_KEY) => openPayer(rpcUrl, key);
const refusal = async (work: Promise<unknown>): Promise<string> => {
  const outcome = await work.catch((error: unknown) => error);
  if (!(outcome instanceof DeploymentError)) throw new Error("not refused", { cause: outcome });
  return outcome.message;
};
/** Hashes of the transactions of all blocks. */
const sentOn = async ({ client }: ForeignNetwork): Promise<Hex[]> => {
  const height = Number(await client.getBlockNumber());
  const blocks = await Promise.all(
    Array.from({ length: height + 1 }, (_, number) => client.getBlock({ blockNumber: BigInt(number) })),
  );
  return blocks.flatMap(({ transactions }) => transactions);
};

describe("the deterministic deployment", () => {
  afterEach(async () => {
    for (const network of networks.splice(0)) await network.stop();
  });

  it("has the address that viem computes by EIP-1014, and the one that it always had", () => {
    const address = checksumAddress(deterministicAddress());
    expect(DEPLOYMENT_SALT).to.equal(keccak256(toHex("tallyroot.anchorlog.v1")));
    expect(address).to.equal(
      getContractAddress({ opcode: "CREATE2", from: DEPLOYER, salt: DEPLOYMENT_SALT, bytecode: anchorLogBytecode }),
    );
    expect(address).to.equal(ADDRESS);
  });

  it("comes through a transaction without a key, whose signer and contract follow from it", async () => {
    const signer = await recoverTransactionAddress({ serializedTransaction: KEYLESS as TransactionSerializedLegacy });
    expect(signer).to.equal(KEYLESS_SIGNER);
    expect(getContractAddress({ from: signer, nonce: 0n })).to.equal(DEPLOYER);
    const { gas, gasPrice, chainId } = parseTransaction(KEYLESS);
    expect(gas! * gasPrice!).to.equal(KEYLESS_COST);
    expect(chainId).to.equal(undefined);
  });

  it("puts the contract at one address on two networks, with the proxy where that was missing, and a second time sends nothing", async () => {
    for (const chainId of [710_001, 710_002]) {
      const network = await fresh(chainId);
      const made = await deployDeterministically(await payerOn(network));
      expect(checksumAddress(made.contract)).to.equal(ADDRESS);
      const code = await network.client.getCode({ address: ADDRESS });
      expect(keccak256(code!)).to.equal(anchorLogCodeHash).and.to.equal(toHex(made.codeHash));
      expect(keccak256((await network.client.getCode({ address: DEPLOYER }))!)).to.equal(DEPLOYER_CODE_HASH);
      const { to, from, blockNumber } = await network.client.getTransaction({ hash: toHex(made.made!.transaction) });
      expect([to, from]).to.deep.equal([DEPLOYER.toLowerCase(), PUBLISHER.address.toLowerCase()]);
      expect(blockNumber).to.equal(made.made!.blockNumber);
      const sent = await sentOn(network);
      // What its signer needs, the proxy, the contract.
      expect(sent).to.have.length(3);
      const again = await deployDeterministically(await payerOn(network, OTHER_KEY));
      expect(again).to.deep.equal({ contract: made.contract, codeHash: made.codeHash, made: undefined });
      expect(await sentOn(network)).to.deep.equal(sent);
    }
  });

  it("gives the signer of the keyless transaction what it lacks, and no more", async () => {
    const network = await fresh(710_003);
    await network.client.setBalance({ address: KEYLESS_SIGNER, value: KEYLESS_COST - 7n });
    await deployDeterministically(await payerOn(network));
    const [funding] = await sentOn(network);
    expect((await network.client.getTransaction({ hash: funding! })).value).to.equal(7n);
  });

  it("of two people at once ends in one contract, and well for both", async () => {
    const network = await fresh(710_004);
    const [one, other] = await Promise.all([payerOn(network), payerOn(network, OTHER_KEY)]);
    const ends = await Promise.all([deployDeterministically(one), deployDeterministically(other)]);
    expect(ends.map(({ contract }) => checksumAddress(contract))).to.deep.equal([ADDRESS, ADDRESS]);
    expect(ends.filter(({ made }) => made !== undefined)).to.have.length(1);
  });

  it("of two people at once with one key ends well for both, too", async () => {
    const network = await fresh(710_012);
    const payers = await Promise.all([payerOn(network), payerOn(network)]);
    const ends = await Promise.all(payers.map((payer) => deployDeterministically(payer)));
    expect(ends.map(({ contract }) => checksumAddress(contract))).to.deep.equal([ADDRESS, ADDRESS]);
  });

  it("begins anew when the same account was used for something else meanwhile", async () => {
    const network = await fresh(710_014);
    const { client } = network;
    await client.setAutomine(false);
    const end = deployDeterministically(await payerOn(network));
    // What the proxy's signer needs is on its way.
    const account = PUBLISHER.address;
    await eventually("pending", async () =>
      (await client.getTransactionCount({ address: account, blockTag: "pending" })) > 0 ? true : undefined,
    );
    const fees = { maxFeePerGas: 10n ** 12n, maxPriorityFeePerGas: 10n ** 11n };
    const instead = await client.sendTransaction({ account: PUBLISHER, to: account, nonce: 0, ...fees });
    await client.mine({ blocks: 1 });
    expect((await client.getTransactionReceipt({ hash: instead })).status).to.equal("success");
    await client.setAutomine(true);
    expect((await end).made).not.to.equal(undefined);
  });

  it("needs no ether where gas costs nothing", async () => {
    const network = await fresh(710_013);
    await ensureDeployer(await payerOn(network));
    await network.client.setNextBlockBaseFeePerGas({ baseFeePerGas: 0n });
    await network.client.mine({ blocks: 1 });
    const free = await startNode(network, (method) =>
      method === "eth_maxPriorityFeePerGas" ? { result: "0x0" } : undefined,
    );
    const { made } = await deployDeterministically(await openPayer(free.rpcUrl, POOR_KEY));
    free.stop();
    expect(made).not.to.equal(undefined);
  });

  it("that somebody else finishes while it is on its way ends well: the transaction that came too late is no failure", async () => {
    const network = await fresh(710_005);
    const payer = await payerOn(network);
    const late: typeof payer = {
      ...payer,
      pay: async (payment, what) => {
        if (payment.to === DEPLOYER) await deployDeterministically(await payerOn(network, OTHER_KEY));
        return payer.pay(payment, what);
      },
    };
    const end = await deployDeterministically(late);
    expect([checksumAddress(end.contract), end.made]).to.deep.equal([ADDRESS, undefined]);
  });

  it("refuses other code, at the contract's address and at the proxy's, and sends nothing", async () => {
    for (const [address, says] of [
      [ADDRESS, /^other code is at 0x/],
      [DEPLOYER, /^other code is at the deployment proxy's address on chain 710006: deploy with --plain/],
    ] as const) {
      const network = await fresh(710_006);
      await network.client.setCode({ address, bytecode: "0x00" });
      expect(await refusal(deployDeterministically(await payerOn(network)))).to.match(says);
      expect(await sentOn(network)).to.deep.equal([]);
    }
  });

  it("says who needs how much ether, before anything is sent", async () => {
    const network = await fresh(710_007);
    const payer = await payerOn(network, POOR_KEY);
    const nothing = await refusal(deployDeterministically(payer));
    expect(nothing).to.match(
      /^0x\w{40} has 0 ether on chain 710007, and the deployment proxy may take 0\.01: send it more$/,
    );
    await network.client.setBalance({ address: payer.address as Hex, value: 10n ** 15n });
    await ensureDeployer(await payerOn(network));
    const little = await refusal(deployDeterministically(payer));
    expect(little).to.match(/has 0\.001 ether on chain 710007, and the contract may take 0\.\d+: send it more$/);
    expect(await network.client.getTransactionCount({ address: payer.address as Hex })).to.equal(0);
  });

  it("costs nothing on a network whose fees are above what the keyless transaction pays", async () => {
    const network = await fresh(710_008);
    await network.client.setNextBlockBaseFeePerGas({ baseFeePerGas: 200_000_000_000n });
    await network.client.mine({ blocks: 1 });
    expect(await refusal(deployDeterministically(await payerOn(network)))).to.match(
      /fees on chain 710008 are above it/,
    );
    expect(await sentOn(network)).to.deep.equal([]);
  });

  it("costs nothing on a network that takes no transaction of another chain, and says what to do", async () => {
    const network = await fresh(710_011);
    const words = "only replay-protected (EIP-155) transactions allowed over RPC";
    const refused = { error: { code: -32000, message: words } };
    const node = await startNode(network, (_method, [first]) => (first === KEYLESS ? refused : undefined));
    const message = await refusal(deployDeterministically(await openPayer(node.rpcUrl, PUBLISHER_KEY)));
    node.stop();
    expect(message)
      .to.contain(words)
      .and.to.match(/: deploy with --plain, and set TALLYROOT_CONTRACT/);
    expect(await sentOn(network)).to.deep.equal([]);
  });

  it("is not tried again where the keyless transaction has made nothing", async () => {
    const network = await fresh(710_009);
    await network.client.setNonce({ address: KEYLESS_SIGNER, nonce: 1 });
    expect(await refusal(deployDeterministically(await payerOn(network)))).to.match(/has made nothing: .*--plain/);
    expect(await sentOn(network)).to.deep.equal([]);
  });

  it("is the same code as the plain one, which has another address each time", async () => {
    const network = await fresh(710_010);
    const payer = await payerOn(network);
    const [one, two] = [await deployPlainly(payer), await deployPlainly(payer)];
    expect(toHex(one.contract)).not.to.equal(toHex(two.contract));
    for (const { codeHash } of [one, two]) expect(toHex(codeHash)).to.equal(anchorLogCodeHash);
  });
});
