import { Presets, SingleBar } from "cli-progress";

/** Where the demo speaks to a person. */
export type Screen = {
  say(line?: string): void;
  progress(what: string, total: number): Progress;
};

export type Progress = {
  /** How much is done by now, out of the total. */
  reach(done: number): void;
  /** Takes the bar away, or leaves the lines as they are. */
  end(): void;
};

/** Without a terminal, progress is one line for each of so many equal parts. */
const PLAIN_PARTS = 4;

/** A bar on a terminal, plain lines elsewhere. */
export function openScreen(stream: NodeJS.WriteStream): Screen {
  const say = (line = "") => void stream.write(`${line}\n`);
  return { say, progress: (what, total) => (stream.isTTY ? bar(stream, what, total) : lines(say, what, total)) };
}

/** Nobody looks. */
export const NO_SCREEN: Screen = { say() {}, progress: () => ({ reach() {}, end() {} }) };

function bar(stream: NodeJS.WriteStream, what: string, total: number): Progress {
  const format = `   {bar} {value}/{total} ${what}`;
  const shown = new SingleBar({ format, stream, hideCursor: true, clearOnComplete: true }, Presets.shades_classic);
  shown.start(total, 0);
  return { reach: (done) => shown.update(done), end: () => shown.stop() };
}

function lines(say: (line: string) => void, what: string, total: number): Progress {
  let parts = 0;
  return {
    reach(done) {
      const reached = Math.floor((done * PLAIN_PARTS) / total);
      if (reached > parts) say(`   ${grouped(done)} of ${grouped(total)} ${what}`);
      parts = Math.max(parts, reached);
    },
    end() {},
  };
}

/** A whole number with its thousands apart: "23,932". */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Columns under their names, as wide as they need to be; the last ones, from `numbersFrom` on, stand to the right. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[], numbersFrom: number): string[] {
  const widths = columns.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const pad = (cell: string, i: number) => (i < numbersFrom ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!));
  return [columns, ...rows].map((row) => `   ${row.map(pad).join("  ")}`.trimEnd());
}
