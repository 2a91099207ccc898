import { z } from "zod";
import { TallyrootError } from "../core/errors.ts";

/**
 * Cursors of long lists: opaque texts that say where the next page begins, whatever is added meanwhile. A list grows at one end
 * only, so counting from the other end gives a place that stays.
 */

/** Where a list grows: `newest-first` lists at their beginning, `oldest-first` lists at their end. */
export type ListOrder = "newest-first" | "oldest-first";

export type List = { name: string; order: ListOrder };

export const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,160}$/, "must be a nextCursor of this list")
  .optional()
  .meta({ description: "nextCursor of the page before. Takes the place of page and offset." });

export const nextCursor = z.string().nullable();

/**
 * The offset that a cursor stands for.
 *
 * @param total how many there are now.
 * @throws TallyrootError VALIDATION_ERROR for a text that is no cursor of this list.
 */
export function offsetOfCursor({ name, order }: List, text: string, total: number): number {
  const match = /^([a-z-]+):([0-9]{1,15})$/.exec(plainOf(text));
  const place = Number(match?.[2]);
  if (match?.[1] !== name || place > total) throw notOfThisList();
  return order === "oldest-first" ? place : total - place;
}

/** The cursor of the page after the one shown; null after the last. */
export function cursorAfter(
  { name, order }: List,
  { offset, shown, total }: { offset: number; shown: number; total: number },
): string | null {
  const next = offset + shown;
  if (shown === 0 || next >= total) return null;
  const place = order === "oldest-first" ? next : total - next;
  return cursorOf(`${name}:${place}`);
}

/** Where in a list that is ordered by a value something stands: the value, and what decides between equals. */
export type ValuePlace = { value: bigint; nth: number };

/**
 * The place that a cursor of an ordered list stands for. Such a list has no end that stays: what moved on meanwhile may be missed or
 * met twice, everything else is met once.
 *
 * @throws TallyrootError VALIDATION_ERROR for a text that is no cursor of this list.
 */
export function placeOfCursor(name: string, text: string): ValuePlace {
  const [, list, value, nth] = /^([a-z-]+):(-?[0-9]{1,78}):([0-9]{1,15})$/i.exec(plainOf(text)) ?? [];
  if (list !== name || value === undefined) throw notOfThisList();
  return { value: BigInt(value), nth: Number(nth) };
}

/** The cursor of what comes after a place of an ordered list. */
export function cursorBehind(name: string, { value, nth }: ValuePlace): string {
  return cursorOf(`${name}:${value}:${nth}`);
}

function cursorOf(plain: string): string {
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function plainOf(text: string): string {
  // No base64 text has this length; atob throws for it.
  return text.length % 4 === 1 ? "" : atob(text.replaceAll("-", "+").replaceAll("_", "/"));
}

function notOfThisList(): TallyrootError {
  return new TallyrootError("VALIDATION_ERROR", "cursor: must be a nextCursor of this list", {
    issues: [{ path: "cursor", message: "is not of this list" }],
  });
}

/** @throws TallyrootError INVALID_SCOPE_COMBINATION when a cursor comes with another way of naming the page. */
export function expectOneWay(text: string | undefined, otherwise: boolean): void {
  if (text === undefined || !otherwise) return;
  throw new TallyrootError("INVALID_SCOPE_COMBINATION", "cursor and page or offset exclude each other", {
    excludes: ["cursor", "page and offset"],
  });
}
