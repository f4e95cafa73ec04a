import unittest

from shortest_path import Graph


class GraphTest(unittest.TestCase):
    def setUp(self):
        self.graph = Graph()
        for start, end, cost in [("a", "b", 4), ("a", "c", 1), ("c", "b", 2), ("b", "d", 5), ("c", "d", 8)]:
            self.graph.connect(start, end, cost)

    def test_path_goes_round_if_that_is_cheaper(self):
        self.assertEqual(self.graph.path("a", "d"), ["a", "c", "b", "d"])

    def test_cost(self):
        self.assertEqual(self.graph.cost("a", "d"), 8)

    def test_path_to_itself(self):
        self.assertEqual(self.graph.path("a", "a"), ["a"])

    def test_no_way(self):
        self.assertIsNone(self.graph.path("d", "a"))
        self.assertIsNone(self.graph.cost("d", "a"))

    def test_distances(self):
        self.assertEqual(self.graph.distances("a")[0], {"a": 0, "b": 3, "c": 1, "d": 8})

    def test_both_ways(self):
        self.graph.connect("d", "e", 1, both_ways=True)
        self.assertEqual(self.graph.cost("e", "d"), 1)

    def test_negative_cost(self):
        with self.assertRaises(ValueError):
            self.graph.connect("a", "b", -1)
