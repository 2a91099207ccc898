/** What the build knows of the contract; see contract-parts.ts. */
declare module "virtual:anchor-log" {
  /** keccak-256 of the code that the contract's sources compile to, as 0x hex. */
  export const codeHash: string;
  /** The path of a ContractFile on this server. */
  export const contractFileUrl: string;
}
