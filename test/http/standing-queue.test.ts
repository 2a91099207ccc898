import { expect } from "chai";
import { openStandingQueue } from "#src/http/standing-queue.ts";

describe("the queue of recordings", () => {
  /** A queue with a clock that stands where it is put. */
  function openQueue() {
    const time = { now: 0 };
    const queue = openStandingQueue(() => time.now);
    const isFull = () => queue.isFull(time.now, time.now);
    return { time, queue, isFull };
  }

  it("takes in a burst that is over within the interval, however long each has waited", () => {
    const { time, queue, isFull } = openQueue();
    const leaves = [queue.enter(0), queue.enter(0)];
    time.now = 900;
    expect(isFull()).to.equal(false);
    for (const leave of leaves) leave();
    expect(isFull()).to.equal(false);
  });

  it("is full once everybody has waited too long for an interval, and somebody still does", () => {
    const { time, queue, isFull } = openQueue();
    const leaves: (() => void)[] = [];
    for (; time.now < 600; time.now += 10) {
      leaves.push(queue.enter(time.now));
      if (leaves.length > 20) leaves.shift()!();
    }
    expect(isFull()).to.equal(true);
  });

  it("lets somebody in again as soon as few enough wait, and everybody once one has not waited long", () => {
    const { time, queue, isFull } = openQueue();
    const leaves: (() => void)[] = [];
    for (; time.now < 600; time.now += 10) {
      leaves.push(queue.enter(time.now));
      if (leaves.length > 20) leaves.shift()!();
    }
    while (leaves.length > 10) leaves.shift()!();
    expect(isFull()).to.equal(false);
    for (const leave of leaves) leave();
    queue.enter(time.now);
    time.now += 500;
    expect(isFull()).to.equal(false);
  });

  it("is full where the disk stands still, burst or not", () => {
    const { time, queue, isFull } = openQueue();
    queue.enter(0);
    time.now = 1_000;
    expect(isFull()).to.equal(true);
  });

  it("counts the time in which a request was not read yet", () => {
    const { queue } = openQueue();
    expect(queue.isFull(0, 1_000)).to.equal(true);
  });
});
