// Disjoint sets, and what they are good for: islands and spanning trees.
#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

class UnionFind {
public:
    explicit UnionFind(int count) : parents_(count), sizes_(count, 1), groups_(count) {
        std::iota(parents_.begin(), parents_.end(), 0);
    }

    int find(int item) {
        while (parents_[item] != item) {
            parents_[item] = parents_[parents_[item]];
            item = parents_[item];
        }
        return item;
    }

    // False if both were together already.
    bool unite(int first, int second) {
        int a = find(first);
        int b = find(second);
        if (a == b) return false;
        if (sizes_[a] < sizes_[b]) std::swap(a, b);
        parents_[b] = a;
        sizes_[a] += sizes_[b];
        groups_--;
        return true;
    }

    int size_of(int item) { return sizes_[find(item)]; }
    int groups() const { return groups_; }

private:
    std::vector<int> parents_;
    std::vector<int> sizes_;
    int groups_;
};

struct Edge {
    int from;
    int to;
    int cost;
};

// The cost of the cheapest edges that connect everything; -1 where they can't.
int spanning_cost(int count, std::vector<Edge> edges) {
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.cost < b.cost; });
    UnionFind nodes(count);
    int total = 0;
    for (const Edge& edge : edges) {
        if (nodes.unite(edge.from, edge.to)) total += edge.cost;
    }
    return nodes.groups() == 1 ? total : -1;
}

// The sizes of the islands of '#' in a map, the largest first.
std::vector<int> islands(const std::vector<std::string>& map) {
    if (map.empty()) return {};
    int height = static_cast<int>(map.size());
    int width = static_cast<int>(map[0].size());
    UnionFind cells(height * width);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            if (map[y][x] != '#') continue;
            if (x + 1 < width && map[y][x + 1] == '#') cells.unite(y * width + x, y * width + x + 1);
            if (y + 1 < height && map[y + 1][x] == '#') cells.unite(y * width + x, (y + 1) * width + x);
        }
    }
    std::set<int> roots;
    std::vector<int> sizes;
    for (int cell = 0; cell < height * width; cell++) {
        if (map[cell / width][cell % width] != '#') continue;
        int root = cells.find(cell);
        if (roots.insert(root).second) sizes.push_back(cells.size_of(root));
    }
    std::sort(sizes.rbegin(), sizes.rend());
    return sizes;
}
