import type { Random } from "../random.ts";
import { anyText, BODIES, NAMES, NUMBERS, nested, TEXTS } from "./junk.ts";

/** Text that stands in a JSON text as it is, whatever it is. */
class Verbatim {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The JSON text of a value that may hold verbatim text. */
export function jsonText(value: unknown): string {
  if (value instanceof Verbatim) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`)
    .join(",")}}`;
}

/** Something that nobody described. */
function junk(random: Random): unknown {
  switch (random.between(0, 6)) {
    case 0:
      return random.oneOf(TEXTS);
    case 1:
      return new Verbatim(random.oneOf(NUMBERS));
    case 2:
      return anyText(random);
    case 3:
      return random.oneOf<unknown>([null, true, false, [], {}, [[]], [null], { a: {} }]);
    case 4:
      return new Verbatim(nested(random.chance(0.5) ? "[" : "{", random.oneOf([31, 32, 33, 500])));
    default:
      return { [random.oneOf(NAMES)]: random.oneOf(TEXTS) };
  }
}

/** The same value with something wrong in it, at any depth: other types, a member gone, one too many, one of a special name. */
export function mutated(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || value instanceof Verbatim || random.chance(0.05))
    return junk(random);
  if (Array.isArray(value)) {
    if (value.length === 0 || random.chance(0.3)) return [...value, junk(random)];
    const at = random.between(0, value.length);
    return value.map((one, i) => (i === at ? mutated(one, random) : one));
  }
  const members = new Map<string, unknown>(Object.entries(value));
  const name = members.size === 0 ? "nothing" : random.oneOf([...members.keys()]);
  const how = random.between(0, 5);
  if (how === 0) members.delete(name);
  else if (how === 1) members.set(random.oneOf(NAMES), junk(random));
  else members.set(name, how === 2 ? junk(random) : mutated(members.get(name), random));
  // fromEntries defines own properties, so that a member called __proto__ is sent.
  return Object.fromEntries(members);
}

/** The text of a body with something wrong in it: cut off, doubled, a character changed, a member twice. */
export function mutatedText(text: string, random: Random): string {
  const at = random.between(0, text.length + 1);
  switch (random.between(0, 7)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text + text;
    case 2:
      return text.slice(0, at) + anyText(random) + text.slice(at);
    case 3:
      return text.startsWith("{") && text.length > 2 ? `${text.slice(0, -1)},${text.slice(1)}` : text;
    case 4:
      return text.slice(0, at) + text.slice(at + 1);
    case 5:
      return `\ufeff${text}`;
    default:
      return random.oneOf(BODIES);
  }
}
