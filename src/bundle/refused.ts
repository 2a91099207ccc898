/** Why a bundle, or the place for it, was refused; each code with what it means. */
export const REFUSALS = {
  NO_BUNDLE: "the directory has no manifest: it is no bundle, or its first export did not come to its end",
  MANIFEST_INVALID: "the manifest is not as it was written",
  FORMAT_UNKNOWN: "the bundle has a format or a schema that this version does not know",
  FILE_MISSING: "a file that the manifest names is not there",
  FILE_DAMAGED: "a file is not the one that the manifest describes",
  ROW_INVALID: "a line is no row of its table",
  ROWS_MISSING: "a table has more or fewer rows than the manifest says",
  ORDER_BROKEN: "segments or rows do not follow each other",
  OTHER_RECORD: "the bundle is of another record than this one",
  TARGET_NOT_EMPTY: "the directory has something else in it",
  TARGET_DIVERGED: "the directory is not as an import of this bundle left it",
  IN_USE: "another process is at work on the directory",
  KEYS_MISSING: "the keys are not where they are taken from",
  KEY_INVALID: "a key file does not hold a key",
  MASTER_KEY_WRONG: "the record is sealed with another master key",
  PUBLISHER_KEY_WRONG: "the record's log was opened with another publisher key",
} as const;

export type Refusal = keyof typeof REFUSALS;

/** A bundle that cannot be written or read as it is. Nothing was changed. */
export class BundleRefusedError extends Error {
  override readonly name = "BundleRefusedError";
  readonly code: Refusal;

  constructor(code: Refusal, detail: string, options?: ErrorOptions) {
    super(`${REFUSALS[code]}: ${detail}`, options);
    this.code = code;
  }
}
