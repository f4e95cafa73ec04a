'use strict';
// A binary heap, and a scheduler of events on top of it.

class PriorityQueue {
  constructor(compare) {
    this.compare = compare;
    this.items = [];
  }

  get size() {
    return this.items.length;
  }

  peek() {
    return this.items[0];
  }

  push(item) {
    this.items.push(item);
    let index = this.items.length - 1;
    while (index > 0) {
      const parent = Math.floor((index - 1) / 2);
      if (this.compare(this.items[parent], this.items[index]) <= 0) break;
      this.swap(parent, index);
      index = parent;
    }
  }

  pop() {
    const first = this.items[0];
    const last = this.items.pop();
    if (this.items.length > 0) {
      this.items[0] = last;
      this.sink(0);
    }
    return first;
  }

  sink(start) {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let smallest = index;
      if (left < this.size && this.compare(this.items[left], this.items[smallest]) < 0) smallest = left;
      if (right < this.size && this.compare(this.items[right], this.items[smallest]) < 0) smallest = right;
      if (smallest === index) return;
      this.swap(index, smallest);
      index = smallest;
    }
  }

  swap(first, second) {
    [this.items[first], this.items[second]] = [this.items[second], this.items[first]];
  }
}

/** Runs what is planned in the order of time; what comes at once runs in the order of planning. */
class Scheduler {
  constructor() {
    this.now = 0;
    this.planned = 0;
    this.queue = new PriorityQueue((a, b) => a.time - b.time || a.number - b.number);
  }

  after(delay, action) {
    this.planned += 1;
    this.queue.push({ time: this.now + delay, number: this.planned, action });
  }

  /** Runs everything up to a time and returns how much that was. */
  runUntil(end) {
    let count = 0;
    while (this.queue.size > 0 && this.queue.peek().time <= end) {
      const event = this.queue.pop();
      this.now = event.time;
      event.action(this);
      count += 1;
    }
    this.now = end;
    return count;
  }
}

module.exports = { PriorityQueue, Scheduler };
