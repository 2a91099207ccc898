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
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be a nextCursor of this list")
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
  // No base64 text has this length; atob throws for it.
  const plain = text.length % 4 === 1 ? "" : atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const match = /^([a-z-]+):([0-9]{1,15})$/.exec(plain);
  const place = Number(match?.[2]);
  if (match?.[1] !== name || place > total) {
    throw new TallyrootError("VALIDATION_ERROR", "cursor: must be a nextCursor of this list", {
      issues: [{ path: "cursor", message: "is not of this list" }],
    });
  }
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
  return btoa(`${name}:${place}`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @throws TallyrootError INVALID_SCOPE_COMBINATION when a cursor comes with another way of naming the page. */
export function expectOneWay(text: string | undefined, otherwise: boolean): void {
  if (text === undefined || !otherwise) return;
  throw new TallyrootError("INVALID_SCOPE_COMBINATION", "cursor and page or offset exclude each other", {
    excludes: ["cursor", "page and offset"],
  });
}
