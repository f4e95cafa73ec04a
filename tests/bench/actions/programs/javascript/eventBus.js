'use strict';
// Publishes events to listeners by topic; "orders.*" hears all below it.

class EventBus {
  constructor() {
    this.listeners = new Map();
    this.history = [];
  }

  /** Returns a function that stops listening. */
  on(topic, listener) {
    const list = this.listeners.get(topic) ?? [];
    list.push(listener);
    this.listeners.set(topic, list);
    return () => this.off(topic, listener);
  }

  once(topic, listener) {
    const stop = this.on(topic, (...values) => {
      stop();
      listener(...values);
    });
    return stop;
  }

  off(topic, listener) {
    const list = this.listeners.get(topic);
    if (list === undefined) return false;
    const index = list.indexOf(listener);
    if (index === -1) return false;
    list.splice(index, 1);
    if (list.length === 0) this.listeners.delete(topic);
    return true;
  }

  /** Calls all who listen and returns how many they were. One that throws does not keep the others from hearing. */
  emit(topic, payload) {
    this.history.push({ topic, payload });
    const errors = [];
    let count = 0;
    for (const [pattern, list] of this.listeners) {
      if (!matches(pattern, topic)) continue;
      for (const listener of [...list]) {
        count += 1;
        try {
          listener(payload, topic);
        } catch (error) {
          errors.push(error);
        }
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} listeners failed`);
    return count;
  }

  /** The newest payload of a topic, or a default where there was none. */
  last(topic, otherwise = null) {
    const entry = this.history.findLast((event) => event.topic === topic);
    return entry === undefined ? otherwise : entry.payload;
  }
}

function matches(pattern, topic) {
  if (pattern === '*' || pattern === topic) return true;
  return pattern.endsWith('.*') && topic.startsWith(pattern.slice(0, -1));
}

module.exports = { EventBus, matches };
