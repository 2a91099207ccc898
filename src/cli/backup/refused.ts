/** Why a backup was not made, or was not restored; each code with what it means. */
export const REFUSALS = {
  NO_BACKUP: "the directory has no manifest: it is no backup, or its first one did not come to its end",
  MANIFEST_INVALID: "the manifest is not as it was written",
  FORMAT_UNKNOWN: "the backup has a format or a schema that this version does not know",
  FILE_MISSING: "a file that the manifest names is not there",
  FILE_DAMAGED: "a file is not the one that the manifest describes",
  RECORD_DAMAGED: "the record itself is damaged, so that its copy would be too",
  OTHER_RECORD: "the directory has a backup of another record",
  STARTING: "the server is making its place on the chain: try again once it answers",
  TARGET_NOT_EMPTY: "the directory has something else in it",
  IN_USE: "another process is at work on the directory",
  MASTER_KEY_WRONG: "the record is sealed with another master key",
  PUBLISHER_KEY_WRONG: "the record's log was opened with another publisher key",
} as const;

export type Refusal = keyof typeof REFUSALS;

/** A backup that cannot be made or restored as it is. What was there before is unchanged. */
export class BackupRefusedError extends Error {
  override readonly name = "BackupRefusedError";
  readonly code: Refusal;

  constructor(code: Refusal, detail: string, options?: ErrorOptions) {
    super(`${code}: ${REFUSALS[code]}: ${detail}`, options);
    this.code = code;
  }
}
