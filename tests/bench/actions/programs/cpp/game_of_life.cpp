// Conway's game of life on a board without edges.
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

class Life {
public:
    using Cell = std::pair<int, int>;

    static Life parse(const std::string& text) {
        Life life;
        std::istringstream lines(text);
        std::string line;
        for (int y = 0; std::getline(lines, line); y++) {
            for (int x = 0; x < static_cast<int>(line.size()); x++) {
                if (line[x] == '#') life.alive_.insert({x, y});
                else if (line[x] != '.') throw std::invalid_argument("a cell is # or .");
            }
        }
        return life;
    }

    bool is_alive(int x, int y) const { return alive_.count({x, y}) > 0; }
    std::size_t population() const { return alive_.size(); }

    int neighbours(int x, int y) const {
        int count = 0;
        for (int dy = -1; dy <= 1; dy++) {
            for (int dx = -1; dx <= 1; dx++) {
                if (dx == 0 && dy == 0) continue;
                if (is_alive(x + dx, y + dy)) count++;
            }
        }
        return count;
    }

    Life next() const {
        Life result;
        for (const Cell& cell : candidates()) {
            int count = neighbours(cell.first, cell.second);
            bool lives = count == 3 || (count == 2 && is_alive(cell.first, cell.second));
            if (lives) result.alive_.insert(cell);
        }
        return result;
    }

    Life after(int generations) const {
        Life life = *this;
        for (int i = 0; i < generations; i++) life = life.next();
        return life;
    }

    std::string show(int width, int height) const {
        std::string text;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                text += is_alive(x, y) ? '#' : '.';
            }
            text += '\n';
        }
        return text;
    }

private:
    // Cells that may live in the next generation: those that live, and what is around them.
    std::set<Cell> candidates() const {
        std::set<Cell> cells;
        for (const Cell& cell : alive_) {
            for (int dy = -1; dy <= 1; dy++) {
                for (int dx = -1; dx <= 1; dx++) {
                    cells.insert({cell.first + dx, cell.second + dy});
                }
            }
        }
        return cells;
    }

    std::set<Cell> alive_;
};
