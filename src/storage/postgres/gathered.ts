/**
 * One question for all that is asked in one turn of the event loop. Whoever asks after the question was sent waits for the next one: an
 * answer never tells what was so before it was asked for.
 */
export function openGathered<Key, Value>(
  readAll: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>,
): (key: Key) => Promise<Value | undefined> {
  let keys = new Set<Key>();
  let answer: Promise<ReadonlyMap<Key, Value>> | undefined;

  async function ask(): Promise<ReadonlyMap<Key, Value>> {
    await new Promise((resolve) => setImmediate(resolve));
    const asked = [...keys];
    keys = new Set();
    answer = undefined;
    return readAll(asked);
  }

  return async (key) => {
    keys.add(key);
    answer ??= ask();
    return (await answer).get(key);
  };
}
