#include "union_find.cpp"

#include "check.hpp"

TEST(unite) {
    UnionFind items(5);
    EQUAL(items.unite(0, 1), true);
    EQUAL(items.unite(1, 2), true);
    EQUAL(items.unite(2, 0), false);
    EQUAL(items.groups(), 3);
    EQUAL(items.size_of(1), 3);
    EQUAL(items.size_of(4), 1);
}
TEST(find) {
    UnionFind items(4);
    items.unite(0, 1);
    items.unite(2, 3);
    EQUAL(items.find(0) == items.find(1), true);
    EQUAL(items.find(1) == items.find(2), false);
    items.unite(1, 3);
    EQUAL(items.find(0) == items.find(2), true);
}
TEST(spanning_cost) {
    EQUAL(spanning_cost(4, {{0, 1, 4}, {1, 2, 1}, {0, 2, 2}, {2, 3, 7}, {1, 3, 5}}), 8);
}
TEST(not_connected) { EQUAL(spanning_cost(3, {{0, 1, 1}}), -1); }
TEST(islands) {
    EQUAL(islands({"##..#", ".#..#", "...#.", "####."}), (std::vector<int>{5, 3, 2}));
    EQUAL(islands({"...", "..."}).size(), 0u);
    EQUAL(islands({}).size(), 0u);
}
