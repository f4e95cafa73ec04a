"""Shortest paths in a weighted, directed graph."""
import heapq
from collections import defaultdict


class Graph:
    def __init__(self):
        self.edges = defaultdict(dict)

    def connect(self, start, end, cost, both_ways=False):
        if cost < 0:
            raise ValueError("costs must not be negative")
        self.edges[start][end] = cost
        if both_ways:
            self.connect(end, start, cost)

    def distances(self, start):
        """The cost of the cheapest way to each node that can be reached, and where it comes from."""
        costs = {start: 0}
        previous = {}
        queue = [(0, start)]
        while queue:
            cost, node = heapq.heappop(queue)
            if cost > costs[node]:
                continue
            for neighbour, step in self.edges.get(node, {}).items():
                candidate = cost + step
                if neighbour not in costs or candidate < costs[neighbour]:
                    costs[neighbour] = candidate
                    previous[neighbour] = node
                    heapq.heappush(queue, (candidate, neighbour))
        return costs, previous

    def path(self, start, end):
        """The nodes of the cheapest way, or None where there is no way."""
        costs, previous = self.distances(start)
        if end not in costs:
            return None
        nodes = [end]
        while nodes[-1] != start:
            nodes.append(previous[nodes[-1]])
        nodes.reverse()
        return nodes

    def cost(self, start, end):
        path = self.path(start, end)
        if path is None:
            return None
        return sum(self.edges[a][b] for a, b in zip(path, path[1:]))
