/** The options of `verify`, as they are typed. */
export const OPTIONS = {
  policy: { type: "string" },
  rpc: { type: "string", multiple: true },
  "code-hash": { type: "string" },
  confirmations: { type: "string" },
  fingerprint: { type: "string" },
  ledger: { type: "string" },
  customer: { type: "string" },
  deltas: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;
