import type { PinName } from "./pins.ts";

/** What a pin is called, for people. */
export const PIN_LABELS: Readonly<Record<PinName, string>> = {
  chainId: "Chain id",
  contract: "Contract",
  log: "Log",
  codeHash: "Code hash",
  confirmations: "Confirmations",
  namespace: "Namespace",
};
