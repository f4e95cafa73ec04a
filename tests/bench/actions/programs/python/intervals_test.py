import unittest

from intervals import IntervalSet


class IntervalSetTest(unittest.TestCase):
    def test_add_merges_what_overlaps(self):
        self.assertEqual(IntervalSet([(1, 5), (4, 8)]).intervals, [(1, 8)])

    def test_add_merges_what_touches(self):
        self.assertEqual(IntervalSet([(1, 3), (3, 6)]).intervals, [(1, 6)])

    def test_add_keeps_what_is_apart(self):
        self.assertEqual(IntervalSet([(7, 9), (1, 3)]).intervals, [(1, 3), (7, 9)])

    def test_add_ignores_empty(self):
        self.assertEqual(IntervalSet([(3, 3)]).intervals, [])

    def test_remove_splits(self):
        numbers = IntervalSet([(0, 10)])
        numbers.remove(3, 5)
        self.assertEqual(numbers.intervals, [(0, 3), (5, 10)])

    def test_remove_everything(self):
        numbers = IntervalSet([(2, 4)])
        numbers.remove(0, 9)
        self.assertEqual(numbers.intervals, [])

    def test_contains(self):
        numbers = IntervalSet([(2, 4), (6, 8)])
        self.assertEqual([n for n in range(10) if n in numbers], [2, 3, 6, 7])

    def test_length(self):
        self.assertEqual(len(IntervalSet([(2, 4), (6, 9)])), 5)

    def test_gaps(self):
        self.assertEqual(IntervalSet([(2, 4), (6, 8), (9, 10)]).gaps(), [(4, 6), (8, 9)])
