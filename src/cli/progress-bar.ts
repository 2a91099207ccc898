import { SingleBar } from "cli-progress";

export type ProgressBar = {
  show(stage: string, done: number, total: number): void;
  /** May be called again. */
  close(): void;
};

/** A bar on stderr with the name of what is under way, padded to a width; none where nobody watches. */
export function openProgressBar(watched: boolean, width: number): ProgressBar {
  if (!watched) return { show: () => {}, close: () => {} };
  const bar = new SingleBar({
    format: "{stage} [{bar}] {value}/{total}, {eta_formatted} to go",
    stream: process.stderr,
  });
  bar.start(1, 0, { stage: "" });
  return {
    show(stage, done, total) {
      if (total > 0) bar.setTotal(total);
      bar.update(done, { stage: stage.padEnd(width) });
    },
    close: () => bar.stop(),
  };
}
