/** The contract, for who reads it or has it compiled again. */
export type ContractFile = {
  /** The compiler's long version, such as `0.8.37+commit…`. */
  compiler: string;
  /** Names of the sources that are this project's, in the order to read them. */
  own: string[];
  abi: unknown[];
  standardInput: StandardInput;
};

/** solc's Standard JSON: what explorers take to compile the contract again. */
export type StandardInput = {
  language: "Solidity";
  sources: Record<string, { content: string }>;
  settings: Record<string, unknown>;
};
