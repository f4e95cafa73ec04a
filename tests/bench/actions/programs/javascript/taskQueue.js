'use strict';
// Runs asynchronous tasks, a few at a time, with retries.

class TaskQueue {
  constructor(limit) {
    this.limit = limit;
    this.running = 0;
    this.waiting = [];
  }

  /** Runs the task when there is room, and settles as it does. */
  add(task) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ task, resolve, reject });
      this.next();
    });
  }

  async next() {
    if (this.running >= this.limit || this.waiting.length === 0) {
      return;
    }
    const { task, resolve, reject } = this.waiting.shift();
    this.running += 1;
    try {
      resolve(await task());
    } catch (error) {
      reject(error);
    } finally {
      this.running -= 1;
      this.next();
    }
  }
}

/** Tries so many times; the last error is thrown. */
async function retry(task, attempts) {
  let failure = null;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      return await task(attempt);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** The results in the order of the items, at most `limit` at a time. */
async function mapLimited(items, limit, transform) {
  const queue = new TaskQueue(limit);
  const results = await Promise.all(items.map((item) => queue.add(() => transform(item))));
  return results;
}

/** Loads each key once, however often it is asked for. */
function memoize(load) {
  const known = new Map();
  return async function loadOnce(key) {
    if (!known.has(key)) {
      known.set(key, load(key));
    }
    const value = await known.get(key);
    return value;
  };
}

module.exports = { TaskQueue, retry, mapLimited, memoize };
