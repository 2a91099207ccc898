import { formatAmount, parseAmount } from "../core/amount.ts";
import { TallyrootError } from "../core/errors.ts";

/** Units of a stored amount; undefined when it is no amount in its one canonical text. */
export function exactAmount(text: string): bigint | undefined {
  try {
    const units = parseAmount(text);
    return formatAmount(units) === text ? units : undefined;
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return undefined;
  }
}
