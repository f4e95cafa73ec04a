import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A cache of limited size: what was used longest ago makes room. */
class LruCache<K, V> {
    private static final class Node<K, V> {
        final K key;
        V value;
        Node<K, V> previous;
        Node<K, V> next;

        Node(K key, V value) {
            this.key = key;
            this.value = value;
        }
    }

    private final int capacity;
    private final Map<K, Node<K, V>> nodes = new HashMap<>();
    private Node<K, V> newest;
    private Node<K, V> oldest;

    LruCache(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("a cache holds at least one entry");
        }
        this.capacity = capacity;
    }

    Optional<V> get(K key) {
        Node<K, V> node = nodes.get(key);
        if (node == null) {
            return Optional.empty();
        }
        unlink(node);
        linkFirst(node);
        return Optional.of(node.value);
    }

    void put(K key, V value) {
        Node<K, V> node = nodes.get(key);
        if (node != null) {
            node.value = value;
            unlink(node);
            linkFirst(node);
            return;
        }
        if (nodes.size() == capacity) {
            nodes.remove(oldest.key);
            unlink(oldest);
        }
        Node<K, V> added = new Node<>(key, value);
        nodes.put(key, added);
        linkFirst(added);
    }

    V computeIfAbsent(K key, Function<K, V> compute) {
        Optional<V> known = get(key);
        if (known.isPresent()) {
            return known.get();
        }
        V value = compute.apply(key);
        put(key, value);
        return value;
    }

    /** The keys, the most recently used first. */
    List<K> keys() {
        List<K> keys = new ArrayList<>();
        for (Node<K, V> node = newest; node != null; node = node.next) {
            keys.add(node.key);
        }
        return keys;
    }

    private void unlink(Node<K, V> node) {
        if (node.previous == null) {
            newest = node.next;
        } else {
            node.previous.next = node.next;
        }
        if (node.next == null) {
            oldest = node.previous;
        } else {
            node.next.previous = node.previous;
        }
    }

    private void linkFirst(Node<K, V> node) {
        node.previous = null;
        node.next = newest;
        if (newest == null) {
            oldest = node;
        } else {
            newest.previous = node;
        }
        newest = node;
    }
}
