/** One kind of fault that a drill brought about, and what came of it: a row of the table of faults. */
export type Fault = {
  /** As in the README's table. */
  readonly name: string;
  /** How often it was brought about. */
  readonly tries: number;
  /** What was counted and measured, by its name with its unit, such as `acknowledged` or `slowest restart, ms`. */
  readonly figures: Readonly<Record<string, number>>;
  /** What should not have come of it: a sentence each, with what is needed to look at it again. */
  readonly failures: readonly string[];
};

export type Settings = {
  /** The whole of it, as far as the acceptance of a release goes; otherwise a part of it that takes a minute at most. */
  readonly full: boolean;
  /** What everything random is derived from: the same seed does the same, as far as the operating system's scheduling allows. */
  readonly seed: number;
  /** An empty directory to work in. */
  readonly dir: string;
  readonly signal: AbortSignal;
  /** Tells the person at the terminal how far it is. */
  say(text: string): void;
};

/** Brings faults of one kind about in the real program, and finds out what came of them. */
export type Drill = {
  /** One word, for `--only`. */
  readonly name: string;
  /** What it does, as a sentence without its end. */
  readonly about: string;
  /** @throws Error when the drill itself could not be done; what the server did wrong is among the failures. */
  run(settings: Settings): Promise<Fault[]>;
};
