/**
 * Finds the first of `count` sequences at which a party departs from the record, by asking about a few at a time: how two
 * histories of a million deltas are compared without sending either.
 *
 * It yields the sequences to ask about, in order, and takes one answer for each: whether the party agrees with the record at
 * that sequence. The history before sequence 1 is agreed on. Trees that once differ differ for ever, so with tree roots the result is
 * the first difference; balances may meet again, and then it is one sequence that departs from an agreed predecessor.
 *
 * With one question per round a million deltas take at most 21 questions in 21 rounds; with 9, at most 55 questions in 7 rounds.
 *
 * @param count how many deltas both sides have, at least 0.
 * @param perRound the most questions per round, at least 1.
 * @returns the sequence, or undefined when the party agrees at `count`.
 * @throws RangeError for other numbers, or for another number of answers than of questions.
 *
 * @example
 * drive(searchDivergence(1_000_000, 9), (sequence) => sequence < 777_777) // 777777
 */
export function* searchDivergence(
  count: number,
  perRound: number,
): Generator<readonly number[], number | undefined, readonly boolean[]> {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError("a count of deltas is a whole number from 0");
  if (!Number.isSafeInteger(perRound) || perRound < 1) throw new RangeError("a round asks at least one question");
  if (count === 0) return undefined;
  let [agreed, departed] = [0, count + 1];
  let questions = [count];
  while (questions.length > 0) {
    const answers = yield questions;
    if (answers.length !== questions.length) throw new RangeError("one answer for each question");
    const first = answers.indexOf(false);
    if (first === -1) agreed = questions.at(-1)!;
    else {
      departed = questions[first]!;
      agreed = first === 0 ? agreed : questions[first - 1]!;
    }
    if (agreed === count) return undefined;
    questions = evenlyBetween(agreed, departed, perRound);
  }
  return departed;
}

/** At most `most` whole numbers strictly between two others, as evenly spaced as can be. */
function evenlyBetween(low: number, high: number, most: number): number[] {
  const questions = Math.min(most, high - low - 1);
  // The difference is divided before it is multiplied: the product need not be a safe integer.
  const [step, rest] = [Math.floor((high - low) / (questions + 1)), (high - low) % (questions + 1)];
  return Array.from({ length: questions }, (_, i) => low + (i + 1) * step + Math.min(i + 1, rest));
}

/**
 * Runs a search whose questions can be answered on the spot.
 *
 * @param agrees whether the party agrees with the record at a sequence.
 */
export function drive(
  search: Generator<readonly number[], number | undefined, readonly boolean[]>,
  agrees: (sequence: number) => boolean,
): number | undefined {
  let round = search.next();
  while (!round.done) round = search.next(round.value.map(agrees));
  return round.value;
}
