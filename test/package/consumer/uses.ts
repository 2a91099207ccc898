import { Tallyroot, type TallyrootOptions, units } from "tallyroot";
import { type anchorLogAbi, anchorLogCodeHash } from "tallyroot/contracts";
import { type FileVerification, verifyFile } from "tallyroot/core";
import type { Tallyroot as Same } from "tallyroot/sdk";
import { type Verdict, verifying, verifyReceipt } from "tallyroot/verify";

/** A program of somebody who has the package and a compiler, and nothing else: it is compiled, not run. */

const policy = { format: "tallyroot-policy/1", codeHash: anchorLogCodeHash };
const options: TallyrootOptions = { baseUrl: "http://127.0.0.1:3000", trustNothing: verifying({ policy }) };
const client: Same = new Tallyroot(options);

export async function use(file: Uint8Array): Promise<string> {
  const { receiptId } = await client.balance.emit({ customerId: "a", delta: units("-1.5"), reason: "b" });
  const text: string = receiptId;
  for await (const { sequence, balanceExact } of client.balance.derive("a", { limit: 10 })) {
    const shown: string = balanceExact;
    if (sequence > 1) return shown;
  }
  const verdict: Verdict = await verifyReceipt(file, { policy });
  const { kind }: FileVerification = verifyFile(file);
  return `${text} ${verdict.verified} ${kind}`;
}

/** The ABI's names are known to the compiler. */
export type OpensLog = Extract<(typeof anchorLogAbi)[number], { name: "openLog" }>;
export const opens: OpensLog["stateMutability"] = "nonpayable";

// @ts-expect-error an amount is text, a number or a bigint
void client.balance.emit({ customerId: "a", delta: true, reason: "b" });
// @ts-expect-error there is no such member
export type Unknown = Tallyroot["nothing"];
