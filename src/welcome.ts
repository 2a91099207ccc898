import type { ContractOrigin } from "./chain/establish.ts";

/** How the contract came to be used, where a person may wonder. */
const ORIGINS: Readonly<Record<ContractOrigin, string>> = {
  named: "  (TALLYROOT_CONTRACT)",
  remembered: "",
  found: "  (found there: the address that its code has on every network)",
  deployed: "  (deployed now, at the address that its code has on every network)",
};

/** What a person at the terminal needs once the server answers. */
export function welcome(running: {
  url: string;
  rpcUrl: string;
  chainId: number;
  contract: string;
  origin: ContractOrigin;
  dataDir: string;
  embedded: boolean;
  /** Where people find the pages; at the first start a link that signs in once. */
  pagesUrl: string;
  newKey: string | undefined;
}): string {
  const { url, rpcUrl, chainId, contract, origin, dataDir, embedded, pagesUrl, newKey } = running;
  // A provider's endpoint has its key in the URL, and what is written here is kept in logs.
  const chainUrl = embedded ? rpcUrl : new URL(rpcUrl).origin;
  const keyFile = `${dataDir}/api-key`;
  const key = newKey ?? `$(cat '${keyFile}')`;
  return `
Tallyroot is running. Stop it with Ctrl-C.

  Dashboard  ${pagesUrl}${newKey ? "" : "  (a sign-in link: npm run tallyroot -- dashboard)"}
  API        ${url}/api/v1
  Chain      ${chainUrl} (${embedded ? "embedded, " : ""}chain id ${chainId})
  Contract   ${contract}${ORIGINS[origin]}
  Data       ${dataDir}
  API key    ${newKey ? `${newKey}  (shown once; also in ${keyFile})` : `in ${keyFile}`}

Record a first delta:

  curl ${url}/api/v1/balance/delta \\
    -H "X-Api-Key: ${key}" \\
    -H "Content-Type: application/json" \\
    -d '{"customerId": "cust_001", "delta": 500, "reason": "initial_deposit"}'

See its ledger, and a few seconds later its verification:

  curl -H "X-Api-Key: ${key}" ${url}/api/v1/balance/customers/cust_001
`;
}
