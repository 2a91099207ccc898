/** Where operators read what happens: facts for programs, a sentence for people. */
export type Log = Record<"debug" | "info" | "warn" | "error", (facts: object, message: string) => void>;
