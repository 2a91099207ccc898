/** What a person at the terminal needs once the server answers. */
export function welcome(running: {
  url: string;
  rpcUrl: string;
  chainId: number;
  contract: string;
  dataDir: string;
  embedded: boolean;
  /** Where people find the pages; at the first start a link that signs in once. */
  pagesUrl: string;
  newKey: string | undefined;
}): string {
  const { url, rpcUrl, chainId, contract, dataDir, embedded, pagesUrl, newKey } = running;
  const keyFile = `${dataDir}/api-key`;
  const key = newKey ?? `$(cat '${keyFile}')`;
  return `
Tallyroot is running. Stop it with Ctrl-C.

  Dashboard  ${pagesUrl}${newKey ? "" : "  (a sign-in link: npm run tallyroot -- dashboard)"}
  API        ${url}/api/v1
  Chain      ${rpcUrl} (${embedded ? "embedded, " : ""}chain id ${chainId})
  Contract   ${contract}
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
