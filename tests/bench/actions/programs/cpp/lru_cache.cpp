// A cache of limited size: what was used longest ago makes room.
#include <functional>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

class LruCache {
public:
    explicit LruCache(std::size_t capacity) : capacity_(capacity) {
        if (capacity == 0) throw std::invalid_argument("a cache holds at least one entry");
    }

    std::optional<int> get(const std::string& key) {
        auto found = places_.find(key);
        if (found == places_.end()) {
            misses_++;
            return std::nullopt;
        }
        hits_++;
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->second;
    }

    void put(const std::string& key, int value) {
        auto found = places_.find(key);
        if (found != places_.end()) {
            found->second->second = value;
            entries_.splice(entries_.begin(), entries_, found->second);
            return;
        }
        if (entries_.size() == capacity_) {
            places_.erase(entries_.back().first);
            entries_.pop_back();
        }
        entries_.emplace_front(key, value);
        places_[key] = entries_.begin();
    }

    int get_or(const std::string& key, const std::function<int(const std::string&)>& compute) {
        std::optional<int> known = get(key);
        if (known.has_value()) return *known;
        int value = compute(key);
        put(key, value);
        return value;
    }

    bool erase(const std::string& key) {
        auto found = places_.find(key);
        if (found == places_.end()) return false;
        entries_.erase(found->second);
        places_.erase(found);
        return true;
    }

    // The keys, the most recently used first.
    std::vector<std::string> keys() const {
        std::vector<std::string> result;
        result.reserve(entries_.size());
        for (const auto& entry : entries_) result.push_back(entry.first);
        return result;
    }

    double hit_rate() const {
        int asked = hits_ + misses_;
        if (asked == 0) return 0.0;
        return static_cast<double>(hits_) / asked;
    }

private:
    using Entry = std::pair<std::string, int>;

    std::size_t capacity_;
    std::list<Entry> entries_;
    std::unordered_map<std::string, std::list<Entry>::iterator> places_;
    int hits_ = 0;
    int misses_ = 0;
};
