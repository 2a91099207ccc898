import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Milliseconds that a program gets to end in order. */
const STOP_MS = 30_000;
/** Characters of what it wrote that are kept for the case that it fails. */
const KEPT_CHARACTERS = 4_000;

/** Whatever happens to this process, none of its programs outlives it. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export type Launched = {
  readonly child: ChildProcess;
  /** What it wrote on its outputs, the last of it. */
  said(): string;
  /** Everything on its standard output; empty where that is not kept. */
  output(): string;
  /** Resolves with the exit code once it has ended: null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
};

export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  /** Ends it when it aborts. */
  readonly signal: AbortSignal;
  /** Settings beside PATH: nothing else of the caller's environment reaches it. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly keepsOutput?: boolean;
};

/** Starts a program of its own. @throws the signal's reason where it has aborted already. */
export function launch({ command, args, signal, settings = {}, keepsOutput = false }: Launch): Launched {
  signal.throwIfAborted();
  const env = { PATH: process.env.PATH ?? "", ...settings };
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let [output, said] = ["", ""];
  const note = (text: string) => {
    said = `${said}${text}`.slice(-KEPT_CHARACTERS);
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (keepsOutput) output += text;
    note(text);
  });
  child.stderr.setEncoding("utf8").on("data", note);
  const ended = once(child, "close").then(([code]) => code as number | null);
  const end = () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    child.once("close", () => clearTimeout(late));
  };
  signal.addEventListener("abort", end, { once: true });
  child.once("close", () => {
    running.delete(child);
    signal.removeEventListener("abort", end);
  });
  return {
    child,
    said: () => said.trim(),
    output: () => output,
    ended,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) end();
      await ended;
    },
  };
}

/** Runs a program to its end. @throws Error with what it wrote when it fails, or the signal's reason once that has aborted. */
export async function runToEnd(launching: Launch, accepted: readonly number[] = [0]): Promise<string> {
  const launched = launch({ ...launching, keepsOutput: true });
  const code = await launched.ended;
  launching.signal.throwIfAborted();
  if (code === null || !accepted.includes(code)) {
    throw new Error(`${[launching.command, ...launching.args].join(" ")} ended with ${code}:\n${launched.said()}`);
  }
  return launched.output();
}
