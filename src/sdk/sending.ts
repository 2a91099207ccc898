import { type AmountInput, amountText } from "./amounts.ts";
import type {
  CompareEntry,
  CompareInput,
  DeltaInput,
  HeadInput,
  ScopeInput,
  TimeInput,
  WindowInput,
} from "./requests.ts";

/** What calls take, as JSON goes out: amounts as text, dates as ISO-8601. Members that are undefined vanish in JSON. */

const optionalAmount = (amount: AmountInput | undefined) => (amount === undefined ? undefined : amountText(amount));

export function timeText<T extends TimeInput | null | undefined>(time: T): Exclude<T, Date> | string {
  return (time instanceof Date ? time.toISOString() : time) as Exclude<T, Date> | string;
}

/** @throws RangeError for an amount that is none */
export function sentDelta<T extends DeltaInput>(delta: T): Omit<T, "delta"> & { delta: string } {
  return { ...delta, delta: amountText(delta.delta) };
}

export function sentWindow<T extends WindowInput>(window: T) {
  return { ...window, startDate: timeText(window.startDate), endDate: timeText(window.endDate) };
}

export function sentScope<T extends ScopeInput>(scope: T) {
  const { at, startingBalance } = scope;
  return {
    ...sentWindow(scope),
    startingBalance: optionalAmount(startingBalance),
    at: typeof at === "number" ? at : timeText(at),
  };
}

const sentEntry = (entry: CompareEntry) => ({
  ...entry,
  delta: optionalAmount(entry.delta),
  balance: optionalAmount(entry.balance),
});

export function sentComparison(input: CompareInput) {
  return {
    ...sentScope(input),
    yourBalance: optionalAmount(input.yourBalance),
    theirBalance: optionalAmount(input.theirBalance),
    yours: input.yours?.map(sentEntry),
    theirs: input.theirs?.map(sentEntry),
  };
}

export function sentHead(head: HeadInput) {
  return { ...head, balance: optionalAmount(head.balance) };
}
