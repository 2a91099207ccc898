import { statSync } from "node:fs";
import { SingleBar } from "cli-progress";
import { EXIT } from "../ending.ts";
import { type Connection, reach, transportTo } from "../server-call.ts";
import { printJson, shown, type Terminal } from "../terminal.ts";
import { type Item, itemsOf, type Position } from "./items.ts";
import { mappingOf } from "./mapping.ts";
import { sendItems } from "./send.ts";
import { BEGINNING, expectRowEnd, MOST_REFUSALS, type Progress, stateFile, stateOf, writeState } from "./state.ts";

/** Rows per request: few enough that a repeated one costs little, many enough that a request costs nothing. */
const CHUNK = 5_000;
/** Refused rows that the report for people names. */
const SHOWN = 10;

type Wishes = Connection & { file: string; map?: string[] | undefined; set?: string[] | undefined; json: boolean };

/**
 * Records the rows of a file in their order, and goes on where an earlier import of it stopped, however it stopped.
 *
 * @returns the exit code.
 * @throws UsageError, TallyrootApiError, UnansweredError
 */
export async function importDeltas(values: Wishes, terminal: Terminal): Promise<number> {
  const { file } = values;
  const mapping = mappingOf(values);
  const reached = reach(values, terminal);
  const state = await stateOf(file);
  const target = await targetOf(reached);
  const keyOf = (row: number) => `import:${state.digest}:${row}`;
  let torn = false;
  const onTorn = () => {
    torn = true;
  };
  const items = await itemsOf(file, mapping, { keyOf, onTorn });
  const before = state.targets[target] ?? BEGINNING;
  expectRowEnd(file, before.offset);
  const { size } = statSync(file);
  const begun = performance.now();
  const bar = openBar(terminal, size, before.offset);
  let done: Progress = before;
  try {
    // While one chunk is on its way, the next is read.
    for await (const chunk of readAhead(chunksOf(items(before)))) {
      const { recorded, replayed, refusals } = await sendItems(reached, chunk);
      const last = chunk.at(-1)!;
      done = {
        row: last.row,
        offset: last.end,
        recorded: done.recorded + recorded,
        replayed: done.replayed + replayed,
        refused: done.refused + refusals.length,
        refusals: [...done.refusals, ...refusals].slice(0, MOST_REFUSALS),
      };
      state.targets[target] = done;
      writeState(file, state);
      bar.show(done);
    }
  } finally {
    bar.end();
  }
  report({ file, begin: before, done, seconds: (performance.now() - begun) / 1000, json: values.json }, terminal);
  if (torn) terminal.err(`tallyroot import: the last line of ${file} is not finished: run it again when it is\n`);
  return torn || done.refused > 0 ? EXIT.NOT_WELL : EXIT.DONE;
}

/** The record that the rows go into, however the server is reached, and the tenant by its key. */
async function targetOf(reached: { url: string; apiKey: string }): Promise<string> {
  const { data } = await transportTo(reached).send({ method: "GET", path: "/chain" });
  const [publicId] = reached.apiKey.replace(/^pk_[a-z]+_/, "").split(".");
  return `${(data as { log: string }).log}/${publicId}`;
}

async function* chunksOf(items: AsyncIterable<Item>): AsyncGenerator<Item[]> {
  let chunk: Item[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

async function* readAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let coming = source.next();
  // Whoever awaits it gets the failure; until then nobody has heard of it.
  const heard = (next: Promise<IteratorResult<T>>) => {
    next.catch(() => {});
    return next;
  };
  for (let now = await heard(coming); !now.done; now = await coming) {
    coming = heard(source.next());
    yield now.value;
  }
}

type Report = { file: string; begin: Position; done: Progress; seconds: number; json: boolean };

function report({ file, begin, done, seconds, json }: Report, terminal: Terminal): void {
  const { recorded, replayed, refused, refusals } = done;
  const rows = done.row - begin.row;
  const perSecond = Math.round(rows / Math.max(seconds, 0.001));
  if (json) {
    printJson(terminal, { file, rows, total: done.row, recorded, replayed, refused, refusals, perSecond });
    return;
  }
  const count = (number: number) => number.toLocaleString("en");
  const lines = [
    rows === 0
      ? `${file}: nothing is new since row ${count(done.row)}`
      : `${file}: ${count(rows)} rows sent, ${count(perSecond)} a second${begin.row > 0 ? `, after ${count(begin.row)} of before` : ""}`,
    `  recorded ${count(recorded)}, on record before ${count(replayed)}, refused ${count(refused)}`,
    ...refusals.slice(0, SHOWN).map(({ row, code, message }) => `  row ${row}: ${code}: ${shown(message)}`),
    ...(refused > SHOWN ? [`  … and ${count(refused - SHOWN)} more: see ${stateFile(file)}`] : []),
  ];
  terminal.out(`${lines.join("\n")}\n`);
}

/** A bar over the file's bytes; none where nobody watches. */
function openBar({ watched }: Terminal, bytes: number, from: number) {
  if (!watched) return { show: () => {}, end: () => {} };
  const bar = new SingleBar({
    format: "[{bar}] {percentage}% {rows} rows, {eta_formatted} to go",
    stream: process.stderr,
    hideCursor: true,
  });
  bar.start(bytes, from, { rows: 0 });
  const end = () => bar.stop();
  // Ctrl-C ends the process at once: the cursor comes back all the same.
  process.once("exit", end);
  return {
    show: ({ row, offset }: Progress) => bar.update(offset, { rows: row }),
    end() {
      process.off("exit", end);
      end();
    },
  };
}
