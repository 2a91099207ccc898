/** The options of `policy`, as they are typed. */
export const OPTIONS = {
  rpc: { type: "string", multiple: true },
  confirmations: { type: "string", default: "1" },
  out: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;
