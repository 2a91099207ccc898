import { keccak } from "#src/core/keccak.ts";
import { HASH_BYTES, nodeOf } from "#src/core/tree.ts";
import type { Random } from "../../scripts/survive/random.ts";
import type { Original } from "./mutations-evidence.ts";

export type Json = unknown;
type Container = Record<string, Json> | Json[];
/** Where a value stands in a file. */
type Place = { parent: Record<string, Json>; name: string; value: Json };
/** A file that is about to be changed. A change works on `value`, and gives what replaces the name or value `MARK`, if any. */
export type Draft = { value: Json; random: Random; originals: readonly Original[] };

/** A name or text that stands for something that JSON.stringify would never write. */
export const MARK = "\u0001";

export const isContainer = (value: Json): value is Container => typeof value === "object" && value !== null;

function placesOf(value: Json, found: Place[] = []): Place[] {
  if (!isContainer(value)) return found;
  const parent = value as Record<string, Json>;
  for (const name of Object.keys(parent)) {
    found.push({ parent, name, value: parent[name] });
    placesOf(parent[name], found);
  }
  return found;
}

/** A place of some kind; where the file has none, any place. */
function place({ value, random }: Draft, kind: (place: Place) => boolean = () => true): Place {
  const all = placesOf(value);
  const fitting = all.filter(kind);
  return random.oneOf(fitting.length > 0 ? fitting : all);
}

function replace({ parent, name }: Place, value: Json): undefined {
  // A copy, for the value may hold the place.
  parent[name] = structuredClone(value);
}

const isText = ({ value }: Place) => typeof value === "string";
const isInteger = ({ value }: Place) => typeof value === "string" && /^-?\d+$/.test(value);
const isHash = ({ value }: Place) => typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value);
const isHex = ({ value }: Place) => typeof value === "string" && value.startsWith("0x");
const isList = ({ value }: Place) => Array.isArray(value);
const isObject = ({ value }: Place) => isContainer(value) && !Array.isArray(value);
const isNumber = ({ value }: Place) => typeof value === "number";

const bytesOf = (hex: unknown) => new Uint8Array(Buffer.from(String(hex).slice(2), "hex"));
const hexOf = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString("hex")}`;
const hashOf = (bytes: Uint8Array) => (bytes.length === HASH_BYTES ? bytes : keccak(bytes));
const ZERO = `0x${"00".repeat(32)}`;
const NAMES = ["__proto__", "constructor", "toString", "", "Format", "note", "content", "deltas", "statement", "edge"];
const TYPES: readonly Json[] = [
  null,
  true,
  false,
  0,
  17,
  -1.5,
  "",
  "x",
  [],
  {},
  [[]],
  { format: "tallyroot-receipt/1" },
];
const INTEGERS = [
  0n,
  1n,
  2n ** 63n,
  2n ** 64n - 1n,
  2n ** 64n,
  2n ** 255n - 1n,
  2n ** 255n,
  -(2n ** 255n),
  -(2n ** 255n) - 1n,
];
/** Spellings of numbers, legal and not, some of them of the very number they replace. */
const NUMBERS = [
  "-0",
  "0.0",
  "1e400",
  "-1e400",
  "1E5",
  "1e+5",
  "01",
  ".5",
  "5.",
  "+5",
  "NaN",
  "Infinity",
  "-Infinity",
  "0x10",
  "1_000",
  "1e",
  "-",
  "9007199254740993",
  "123456789012345678901234567890",
  "1e-400",
  "1e-7",
  "1e21",
  "999999999999999900000",
  "0.1000000000000000055",
  "2.2250738585072011e-308",
  "٣",
  `1${"0".repeat(400)}`,
  `0.${"0".repeat(5000)}1`,
  "9".repeat(5000),
];

const nested = (levels: number, open: string, close: string) => `${open.repeat(levels)}${close.repeat(levels)}`;

/** What is done to a file as a value. The text that is returned replaces the mark. */
export const VALUE_CHANGES: Readonly<Record<string, (draft: Draft) => string | undefined>> = {
  "a value of another file": (draft) => {
    const at = place(draft);
    const others = placesOf(JSON.parse(draft.random.oneOf(draft.originals).text)).filter(
      ({ name }) => name === at.name,
    );
    return replace(at, others.length > 0 ? draft.random.oneOf(others).value : null);
  },
  "two values exchanged": (draft) => {
    const [one, two] = [place(draft, isText), place(draft, isText)];
    replace(one, two.value);
    return replace(two, one.value);
  },
  "a member left out": (draft) => {
    const { parent, name } = place(draft);
    if (Array.isArray(parent)) parent.splice(Number(name), 1);
    else delete parent[name];
    return undefined;
  },
  "a member twice": (draft) => {
    const { parent, name, value } = place(draft, (at) => !Array.isArray(at.parent));
    const escaped = `"${[...name].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"`;
    parent[MARK] = draft.random.oneOf([value, value, null, "0", 1]);
    return draft.random.oneOf([JSON.stringify(name), escaped]);
  },
  "a member more": (draft) => {
    const holders = [
      draft.value,
      ...placesOf(draft.value)
        .filter(isObject)
        .map(({ value }) => value),
    ];
    const holder = draft.random.oneOf(holders) as Record<string, Json>;
    if (!isContainer(holder)) return undefined;
    holder[MARK] = structuredClone(draft.random.oneOf([...TYPES, place(draft).value]));
    return draft.random.oneOf([...NAMES.map((name) => JSON.stringify(name)), '"\\ud800"', '"\\u0000"']);
  },
  "another type": (draft) => {
    const at = place(draft);
    const same = [[at.value], { value: at.value }, Number(at.value), String(at.value), Object.entries(at.value ?? {})];
    return replace(at, draft.random.oneOf([...TYPES, ...same]));
  },
  "an integer spelled otherwise": (draft) => {
    const at = place(draft, isInteger);
    const text = String(at.value);
    const spelled = [
      `0${text}`,
      `+${text}`,
      `${text}.0`,
      `${text}e0`,
      ` ${text}`,
      `${text} `,
      `-${text}`,
      "-0",
      "",
      "--1",
    ];
    return replace(
      at,
      draft.random.oneOf([...spelled, `${text}\n`, `0x${text}`, `${text}n`, "١", text.replace("-", "−")]),
    );
  },
  "another integer": (draft) => {
    const at = place(draft, isInteger);
    if (!isInteger(at)) return undefined;
    const value = BigInt(String(at.value));
    return replace(at, String(draft.random.oneOf([value + 1n, value - 1n, -value, value * 10n, ...INTEGERS])));
  },
  "another digit": (draft) => {
    const at = place(draft, isHex);
    const text = String(at.value);
    const i = 2 + draft.random.between(0, text.length - 2);
    return replace(at, `${text.slice(0, i)}${draft.random.between(0, 16).toString(16)}${text.slice(i + 1)}`);
  },
  "hex written otherwise": (draft) => {
    const at = place(draft, isHex);
    const text = String(at.value);
    const i = 2 + draft.random.between(0, text.length - 2);
    const letter = text[i]!;
    const other = letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
    const spelled = [
      text.toUpperCase(),
      text.toLowerCase(),
      text.slice(2),
      `0X${text.slice(2)}`,
      `${text}00`,
      `${text}0`,
    ];
    return replace(
      at,
      draft.random.oneOf([
        ...spelled,
        text.slice(0, -1),
        text.slice(0, -2),
        `${text.slice(0, i)}${other}${text.slice(i + 1)}`,
      ]),
    );
  },
  "a hash for another": (draft) => {
    const at = place(draft, isHash);
    const value = bytesOf(at.value);
    const other = place(draft, isHash).value;
    const made = [
      hexOf(keccak(value)),
      hexOf(keccak(keccak(value))),
      // What an earlier change left in its place may be no hash.
      hexOf(nodeOf(hashOf(value), hashOf(bytesOf(other)))),
      other,
      ZERO,
    ];
    return replace(at, draft.random.oneOf(made));
  },
  "a list's elements": (draft) => {
    const at = place(draft, isList);
    const list = Array.isArray(at.value) ? [...at.value] : [at.value];
    const { random } = draft;
    const i = random.between(0, Math.max(list.length, 1));
    const element = list[i] ?? ZERO;
    return replace(
      at,
      random.oneOf<() => Json[]>([
        () => list.toSpliced(i, 1),
        () => list.toSpliced(i, 0, element),
        () => list.toSpliced(i, 0, ZERO),
        () => [...list, ZERO],
        () => [...list, ...Array.from({ length: random.between(0, 70) }, () => ZERO)],
        () => [...list, place(draft, isHash).value],
        () => list.toReversed(),
        () => list.toSpliced(i, 2, list[i + 1] ?? ZERO, element),
        () => list.toSpliced(i, 1, ZERO),
        () => list.toSpliced(i, 1, null),
        () => [],
        () => [list],
      ])(),
    );
  },
  "a number spelled otherwise": (draft) => {
    replace(place(draft, isNumber), MARK);
    return draft.random.oneOf(NUMBERS);
  },
  "the same number spelled otherwise": (draft) => {
    const at = place(draft, isNumber);
    const text = typeof at.value === "number" ? String(at.value) : "17";
    replace(at, MARK);
    return draft.random.oneOf([
      text,
      `${text}e0`,
      `${text}E-0`,
      text.includes("e") ? text : `${text}${text.includes(".") ? "0" : ".0"}`,
    ]);
  },
  nesting: (draft) => {
    const levels = draft.random.oneOf([28, 29, 30, 31, 32, 33, 34, 58, 59, 60, 61, 62, 63, 64, 65, 100, 5000]);
    replace(
      place(draft, ({ name }) => name === "metadata" || draft.random.between(0, 20) === 0),
      MARK,
    );
    const inner = [
      nested(levels, "[", "]"),
      `{"a":${nested(levels - 1, "[", "]")}}`,
      `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`,
    ];
    return draft.random.oneOf([...inner, '"[[[[[[[[[["', "[".repeat(levels), `${"[".repeat(levels)}}`]);
  },
  "a text's characters": (draft) => {
    const at = place(draft, isText);
    const text = String(at.value);
    replace(at, MARK);
    const i = draft.random.between(0, text.length);
    const escaped = `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`;
    const inside = (middle: string) =>
      `"${JSON.stringify(text.slice(0, i)).slice(1, -1)}${middle}${JSON.stringify(text.slice(i + 1)).slice(1, -1)}"`;
    return draft.random.oneOf([
      () => inside(escaped),
      () => inside(escaped.toUpperCase().replace("U", "u")),
      () => inside("\\ud800"),
      () => inside("\\udc00x"),
      () => inside("\\ude00\\ud83d"),
      () => inside("\\ud83d\\ude00"),
      () => inside("\\x41"),
      () => inside("\\/"),
      () => inside("/"),
      () => inside("\t"),
      () => inside("\\u00e"),
      () => inside("\u007f"),
      () => inside("\u2028"),
      () => inside("\\u0000"),
      () => JSON.stringify(text.normalize(text === text.normalize("NFD") ? "NFC" : "NFD")),
      () => `'${text}'`,
      () => JSON.stringify(`${text} `),
    ])();
  },
  "members in another order": (draft) => {
    const at = place(draft, isObject);
    return replace(at, isObject(at) ? Object.fromEntries(Object.entries(at.value as object).toReversed()) : at.value);
  },
};
