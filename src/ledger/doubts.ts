/** Looks that must all have found the same, however long ago the first of them was. */
const LEAST_LOOKS = 4;

/**
 * What the chain says that contradicts the record, for as long as it says it at every look.
 *
 * Halting is for good until somebody comes, so it takes more than one answer: a node that lags behind, an endpoint that lies for a
 * moment or a reorganisation under way says such things as well, and no longer says them a while later. Nothing is sent meanwhile.
 */
export type Doubts = {
  /** When the job began, in Unix milliseconds: what failed before that, somebody has looked at since. */
  readonly openedAt: number;
  /** Notes what was found, in the same words each time. @returns whether it has been found for long enough to act on it. */
  found(finding: string): boolean;
  /** The chain agrees with the record again. */
  settle(): void;
};

/** @param haltAfterMs milliseconds for which a finding has to stand. */
export function openDoubts({ clock, haltAfterMs }: { clock: () => number; haltAfterMs: number }): Doubts {
  let standing: { finding: string; since: number; looks: number } | undefined;
  return {
    openedAt: clock(),
    found(finding) {
      const now = clock();
      if (standing?.finding !== finding) standing = { finding, since: now, looks: 0 };
      standing.looks += 1;
      return standing.looks >= LEAST_LOOKS && now - standing.since >= haltAfterMs;
    },
    settle() {
      standing = undefined;
    },
  };
}
