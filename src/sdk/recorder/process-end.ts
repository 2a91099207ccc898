/** What a recorder does when the process it runs in is about to end. */
export type AtEnd = {
  /** Sends what there is. */
  flush: () => Promise<void>;
  /** Delivers what can be delivered in the time there is, and reports the rest. */
  finish: () => Promise<void>;
};

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

type HostProcess = {
  pid: number;
  prependListener(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
  listenerCount(event: string): number;
  kill(pid: number, signal: string): unknown;
};

/** The process of Node and those like it; a browser or an edge runtime has none, or a stand-in that takes no listeners. */
function hostProcess(): HostProcess | undefined {
  const { process } = globalThis as { process?: Partial<HostProcess> };
  const isHost = typeof process?.prependListener === "function" && typeof process.kill === "function";
  return isHost ? (process as HostProcess) : undefined;
}

/** All recorders of a process share one listener per event: each would otherwise take the others for the program's own handling. */
const open = new Set<AtEnd>();
let listening: (() => void) | undefined;

/**
 * Lets a recorder deliver before the process ends: when nothing else is left to do, and on SIGTERM and SIGINT. A program that handles a
 * signal itself goes on recording while it does, and ends when it likes: then what there is is sent at once, and no more. Otherwise the
 * signal is raised again when all is delivered or the time is up, so that the process ends by it as it would have; a second signal ends
 * it at once.
 *
 * @returns what takes it back, or undefined where there is no process.
 */
export function atProcessEnd(ending: AtEnd): (() => void) | undefined {
  const host = hostProcess();
  if (!host) return undefined;
  open.add(ending);
  listening ??= listen(host);
  return () => {
    open.delete(ending);
    if (open.size > 0) return;
    listening?.();
    listening = undefined;
  };
}

function listen(host: HostProcess): () => void {
  const listeners: [event: string, listener: () => void][] = [
    // Its failure is the process's: nobody is left to be told of it.
    ["beforeExit", () => void flushAll()],
    ...SIGNALS.map((signal): [string, () => void] => [signal, () => void onSignal(host, signal)]),
  ];
  // First of all: a listener that the program set for one time is gone when it has been called, and would not be counted.
  for (const [event, listener] of listeners) host.prependListener(event, listener);
  return () => {
    for (const [event, listener] of listeners) host.off(event, listener);
  };
}

async function onSignal(host: HostProcess, signal: string): Promise<void> {
  // The program's own listeners for this signal, besides ours.
  if (host.listenerCount(signal) > 1) {
    await flushAll();
    return;
  }
  const all = [...open];
  listening?.();
  listening = undefined;
  open.clear();
  const ends = await Promise.allSettled(all.map(({ finish }) => finish()));
  const failed = ends.find((end) => end.status === "rejected");
  // Unhandled on purpose: the process then ends by this error, and says so.
  if (failed) throw failed.reason;
  host.kill(host.pid, signal);
}

async function flushAll(): Promise<void> {
  await Promise.all([...open].map(({ flush }) => flush()));
}
