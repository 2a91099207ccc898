import { JsonTextError, parseStrictJson } from "#src/core/strict-json.ts";
import type { Random } from "../../scripts/survive/random.ts";
import type { Original } from "./mutations-evidence.ts";
import { BYTE_CHANGES } from "./mutations-of-bytes.ts";
import { isContainer, type Json, MARK, VALUE_CHANGES } from "./mutations-of-values.ts";

/** A changed file, and what was done to it. */
export type Mutant = { how: string; file: Uint8Array };

const WRITTEN_MARK = JSON.stringify(MARK);
const VALUE_NAMES = Object.keys(VALUE_CHANGES);
const BYTE_NAMES = Object.keys(BYTE_CHANGES);

/** Every kind of change that there is. */
export const CHANGES: readonly string[] = [...VALUE_NAMES, ...BYTE_NAMES];

/** An honest file, changed once; seldom a second and third time. */
export function mutant(random: Random, originals: readonly Original[]): Mutant {
  const original = random.oneOf(originals);
  let how = original.name;
  let file: Uint8Array = Buffer.from(original.text);
  do {
    const change = random.oneOf(CHANGES);
    how = `${how}, ${change}`;
    file = changed(change, file, random, originals);
  } while (random.between(0, 10) === 0);
  return { how, file };
}

function changed(change: string, file: Uint8Array, random: Random, originals: readonly Original[]): Uint8Array {
  const onBytes = BYTE_CHANGES[change];
  if (onBytes) return file.length === 0 ? file : onBytes(Buffer.from(file), random);
  const value = parsed(file);
  if (!isContainer(value) || Object.keys(value).length === 0) return file;
  const written = VALUE_CHANGES[change]!({ value, random, originals });
  const text = JSON.stringify(value, null, random.between(0, 2) * 2);
  return Buffer.from(written === undefined ? text : text.replace(WRITTEN_MARK, () => written));
}

/** The value that an earlier change left, unless it left none. */
function parsed(file: Uint8Array): Json {
  try {
    return parseStrictJson(file);
  } catch (error) {
    if (error instanceof JsonTextError) return undefined;
    throw error;
  }
}
