"""Whether two runs over the same holes differ by more than chance."""
from math import comb


def discordant(first, second):
    """How many holes only the first has right, and how many only the second."""
    common = first.keys() & second.keys()
    return sum(first[hole] and not second[hole] for hole in common), sum(second[hole] and not first[hole] for hole in common)


def mcnemar(only_first, only_second):
    """The exact two-sided p-value of McNemar's test: how likely a split of the discordant holes at least as uneven is, if each of them could have
    gone either way."""
    count = only_first + only_second
    if not count:
        return 1.0
    tail = sum(comb(count, wins) for wins in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / 2**count)
