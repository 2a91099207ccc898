/** The client's part of the text that the project starts from, as it stands there. */
export const REFERENCE_SNIPPET = `
const { customers } = await pac.balance.customers();
const ledger = await pac.balance.customer('cust_001');
console.log(ledger.computedBalance); // 4500.00
`;
