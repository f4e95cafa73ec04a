import unittest

from timed_cache import TimedCache


class TimedCacheTest(unittest.TestCase):
    def setUp(self):
        self.now = 0
        self.cache = TimedCache(2, 10, clock=lambda: self.now)
        self.cache.put("a", 1)
        self.cache.put("b", 2)

    def test_get(self):
        self.assertEqual(self.cache.get("a"), 1)
        self.assertEqual(self.cache.get("z", 7), 7)

    def test_the_longest_unused_makes_room(self):
        self.cache.get("a")
        self.cache.put("c", 3)
        self.assertEqual(list(self.cache.entries), ["a", "c"])

    def test_old_entries_are_forgotten(self):
        self.now = 10
        self.assertIsNone(self.cache.get("a"))
        self.assertNotIn("a", self.cache.entries)

    def test_get_or_compute(self):
        self.assertEqual(self.cache.get_or_compute("xyz", len), 3)
        self.assertEqual(self.cache.get_or_compute("xyz", lambda _: 0), 3)

    def test_hit_rate(self):
        self.assertEqual(TimedCache(1, 1).hit_rate(), 0.0)
        for key in "aabz":
            self.cache.get(key)
        self.assertEqual(self.cache.hit_rate(), 0.75)

    def test_purge(self):
        self.now = 5
        self.cache.put("b", 3)
        self.now = 12
        self.assertEqual(self.cache.purge(), 1)
        self.assertEqual(list(self.cache.entries), ["b"])

    def test_capacity(self):
        with self.assertRaises(ValueError):
            TimedCache(0, 1)
