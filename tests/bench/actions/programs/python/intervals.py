"""Sets of whole numbers as sorted, disjoint, half-open intervals."""
from bisect import bisect_right


class IntervalSet:
    def __init__(self, intervals=()):
        self.intervals = []
        for start, end in intervals:
            self.add(start, end)

    def add(self, start, end):
        """Adds start..end; what touches or overlaps becomes one interval."""
        if start >= end:
            return
        kept = []
        for other_start, other_end in self.intervals:
            if other_end < start or other_start > end:
                kept.append((other_start, other_end))
            else:
                start = min(start, other_start)
                end = max(end, other_end)
        kept.append((start, end))
        self.intervals = sorted(kept)

    def remove(self, start, end):
        """Removes start..end and splits what it cuts."""
        kept = []
        for other_start, other_end in self.intervals:
            if other_start < start:
                kept.append((other_start, min(other_end, start)))
            if other_end > end:
                kept.append((max(other_start, end), other_end))
        self.intervals = sorted(set(kept))

    def __contains__(self, number):
        index = bisect_right(self.intervals, (number, float("inf"))) - 1
        if index < 0:
            return False
        start, end = self.intervals[index]
        return start <= number < end

    def __len__(self):
        return sum(end - start for start, end in self.intervals)

    def gaps(self):
        """The holes between neighbours."""
        neighbours = zip(self.intervals, self.intervals[1:])
        return [(first[1], second[0]) for first, second in neighbours]
