import java.util.List;
import java.util.Optional;

class LruCacheTest {
    static LruCache<String, Integer> cache() {
        LruCache<String, Integer> cache = new LruCache<>(3);
        cache.put("a", 1);
        cache.put("b", 2);
        cache.put("c", 3);
        return cache;
    }

    static void testGet() {
        Check.equal(cache().get("b"), Optional.of(2));
        Check.equal(cache().get("z"), Optional.empty());
    }

    static void testOrder() {
        LruCache<String, Integer> cache = cache();
        Check.equal(cache.keys(), List.of("c", "b", "a"));
        cache.get("a");
        cache.get("c");
        Check.equal(cache.keys(), List.of("c", "a", "b"));
    }

    static void testTheLongestUnusedMakesRoom() {
        LruCache<String, Integer> cache = cache();
        cache.get("a");
        cache.put("d", 4);
        Check.equal(cache.keys(), List.of("d", "a", "c"));
        Check.equal(cache.get("b"), Optional.empty());
    }

    static void testPutAgain() {
        LruCache<String, Integer> cache = cache();
        cache.put("b", 9);
        Check.equal(cache.keys(), List.of("b", "c", "a"));
        Check.equal(cache.get("b"), Optional.of(9));
    }

    static void testComputeIfAbsent() {
        LruCache<String, Integer> cache = cache();
        Check.equal(cache.computeIfAbsent("four", String::length), 4);
        Check.equal(cache.computeIfAbsent("four", key -> 0), 4);
    }

    static void testOne() {
        LruCache<String, Integer> cache = new LruCache<>(1);
        cache.put("a", 1);
        cache.put("b", 2);
        Check.equal(cache.keys(), List.of("b"));
    }

    static void testCapacity() {
        Check.fails(IllegalArgumentException.class, () -> new LruCache<String, String>(0));
    }

    public static void main(String[] arguments) throws Exception {
        Check.run(LruCacheTest.class);
    }
}
