/** Deltas of batches and streams that may be on their way to the disk at the same time: as many as one commit takes. */
const MOST_UNDER_WAY = 1_000;

type Unit = { readonly size: number; enter(): void };

/**
 * Where batches and streams wait for their turn to write, in the order in which they came. A batch of 10,000 and an endless stream are slowed
 * down here, and are never refused half-way; a single delta does not wait here, so that it waits for a commit or two of theirs
 * at most and not for all of their deltas.
 */
export type BulkLane = {
  /** Does the work once its deltas have room. One unit alone has room, whatever its size. */
  through<T>(size: number, work: () => Promise<T>): Promise<T>;
};

export function openBulkLane(most = MOST_UNDER_WAY): BulkLane {
  const waiting: Unit[] = [];
  let underWay = 0;

  function letIn(): void {
    for (let next = waiting[0]; next && (underWay === 0 || underWay + next.size <= most); next = waiting[0]) {
      waiting.shift();
      underWay += next.size;
      next.enter();
    }
  }

  return {
    async through(size, work) {
      await new Promise<void>((enter) => {
        waiting.push({ size, enter });
        letIn();
      });
      try {
        return await work();
      } finally {
        underWay -= size;
        letIn();
      }
    },
  };
}

/** Everything that is recorded in bulk by this process goes through one lane, since it goes to one disk. */
export const BULK_LANE = openBulkLane();
