#include "lru_cache.cpp"

#include "check.hpp"

using Keys = std::vector<std::string>;


TEST(get) {
    LruCache cache(2);
    cache.put("a", 1);
    EQUAL(cache.get("a").value_or(-1), 1);
    EQUAL(cache.get("z").has_value(), false);
}
TEST(the_longest_unused_makes_room) {
    LruCache cache(2);
    cache.put("a", 1);
    cache.put("b", 2);
    cache.get("a");
    cache.put("c", 3);
    EQUAL(cache.keys(), (Keys{"c", "a"}));
    EQUAL(cache.get("b").has_value(), false);
}
TEST(put_again) {
    LruCache cache(2);
    cache.put("a", 1);
    cache.put("b", 2);
    cache.put("a", 9);
    EQUAL(cache.keys(), (Keys{"a", "b"}));
    EQUAL(cache.get("a").value_or(-1), 9);
}
TEST(get_or) {
    LruCache cache(2);
    EQUAL(cache.get_or("four", [](const std::string& key) { return static_cast<int>(key.size()); }), 4);
    EQUAL(cache.get_or("four", [](const std::string&) { return 0; }), 4);
}
TEST(erase) {
    LruCache cache(2);
    cache.put("a", 1);
    EQUAL(cache.erase("a"), true);
    EQUAL(cache.erase("a"), false);
    EQUAL(cache.keys().size(), 0u);
}
TEST(hit_rate) {
    LruCache cache = LruCache(1);
    EQUAL(cache.hit_rate(), 0.0);
    cache.put("a", 1);
    cache.get("a");
    cache.get("b");
    EQUAL(cache.hit_rate(), 0.5);
}
TEST(capacity) { THROWS(std::invalid_argument, LruCache(0)); }
