/** The options of `prove`, as they are typed. */
export const OPTIONS = {
  rpc: { type: "string" },
  policy: { type: "string" },
  "key-file": { type: "string" },
  account: { type: "string" },
  "dry-run": { type: "boolean", default: false },
  out: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;
