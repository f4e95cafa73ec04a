"""A cache that forgets what is old and what was not used for long."""
import time
from collections import OrderedDict


class TimedCache:
    def __init__(self, capacity, seconds, clock=time.monotonic):
        if capacity < 1:
            raise ValueError("a cache holds at least one entry")
        self.capacity = capacity
        self.seconds = seconds
        self.clock = clock
        self.entries = OrderedDict()
        self.hits = 0
        self.misses = 0

    def get(self, key, default=None):
        """The value, unless it is too old."""
        entry = self.entries.get(key)
        if entry is None:
            self.misses += 1
            return default
        value, expires = entry
        if self.clock() >= expires:
            del self.entries[key]
            self.misses += 1
            return default
        self.entries.move_to_end(key)
        self.hits += 1
        return value

    def put(self, key, value):
        """Stores a value; the one that was used longest ago makes room."""
        self.entries[key] = (value, self.clock() + self.seconds)
        self.entries.move_to_end(key)
        if len(self.entries) > self.capacity:
            self.entries.popitem(last=False)

    def get_or_compute(self, key, compute):
        missing = object()
        value = self.get(key, missing)
        if value is missing:
            value = compute(key)
            self.put(key, value)
        return value

    def hit_rate(self):
        """The share of hits among all questions."""
        asked = self.hits + self.misses
        if asked == 0:
            return 0.0
        return self.hits / asked

    def purge(self):
        """Drops what is too old and returns how many entries that were."""
        now = self.clock()
        old = [key for key, (_, expires) in self.entries.items() if expires <= now]
        for key in old:
            del self.entries[key]
        return len(old)
