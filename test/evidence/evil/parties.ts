import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checksumAddress } from "#src/core/address.ts";
import { toHex } from "#src/core/bytes.ts";
import { policyText } from "#src/core/policy.ts";
import { run } from "#test/evidence/python.ts";
import { policyOf, type Shown } from "./forgeries.ts";

export const PYTHON = fileURLToPath(new URL("../../../scripts/verify.py", import.meta.url));

/** What the second verifier comes to, by file: VERIFIED, or the failure that it names. One process for all with the same wishes. */
export async function pythonVerdicts(all: readonly Shown[], script = PYTHON): Promise<Map<Shown, string>> {
  const dir = mkdtempSync(join(tmpdir(), "tallyroot-evil-"));
  const groups = Map.groupBy(all, (shown) => JSON.stringify(wishesOf(shown)));
  const verdicts = new Map<Shown, string>();
  let policies = 0;
  for (const group of groups.values()) {
    const { policy, args } = wishesOf(group[0]!);
    policies += 1;
    const file = join(dir, `policy-${policies}.json`);
    if (policy !== undefined) writeFileSync(file, policy);
    const words = [script, "--batch", ...args, ...(policy === undefined ? [] : ["--policy", file])];
    const lines = group.map(({ bytes }) => `${Buffer.from(bytes).toString("base64")}\n`).join("");
    const { code, stdout, stderr } = await run("python3", words, Buffer.from(lines));
    if (code !== 0) throw new Error(`${script} ended with ${code}: ${stderr}`);
    for (const [i, line] of stdout.trimEnd().split("\n").entries()) {
      const [verdict, failure] = line.split(" ") as [string, string];
      verdicts.set(group[i]!, failure === "-" ? verdict : failure);
    }
  }
  rmSync(dir, { recursive: true });
  return verdicts;
}

/** What a verifier wants to be kept, as it says it to a program. */
function wishesOf(shown: Shown): { policy: string | undefined; args: string[] } {
  const { expected, pins, confirmations, endpoints } = shown;
  const policy = policyOf(shown);
  const withNamespace = policy && { ...policy, ...(expected.namespace && { namespace: expected.namespace }) };
  return {
    policy: withNamespace && policyText(withNamespace),
    args: [
      ...endpoints.flatMap((url) => ["--rpc", url]),
      ...["--confirmations", String(confirmations)],
      ...(pins.codeHash ? ["--code-hash", toHex(pins.codeHash)] : []),
      ...(expected.fingerprint ? ["--fingerprint", toHex(expected.fingerprint)] : []),
      ...(expected.ledger ? ["--ledger", checksumAddress(expected.ledger)] : []),
    ],
  };
}
