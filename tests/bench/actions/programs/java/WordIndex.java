import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Which documents hold which words. */
class WordIndex {
    private final Map<String, Set<Integer>> documentsByWord = new HashMap<>();
    private final Map<String, Integer> counts = new HashMap<>();
    private final List<String> titles = new ArrayList<>();

    /** Adds a document and returns its number. */
    int add(String title, String text) {
        int number = titles.size();
        titles.add(title);
        for (String word : words(text)) {
            documentsByWord.computeIfAbsent(word, key -> new TreeSet<>()).add(number);
            counts.merge(word, 1, Integer::sum);
        }
        return number;
    }

    static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        for (char c : text.toCharArray()) {
            if (Character.isLetterOrDigit(c)) {
                word.append(Character.toLowerCase(c));
            } else if (word.length() > 0) {
                words.add(word.toString());
                word.setLength(0);
            }
        }
        if (word.length() > 0) {
            words.add(word.toString());
        }
        return words;
    }

    /** Titles of the documents that hold all words of the query. */
    List<String> search(String query) {
        Set<Integer> found = null;
        for (String word : words(query)) {
            Set<Integer> documents = documentsByWord.getOrDefault(word, Collections.emptySet());
            if (found == null) {
                found = new TreeSet<>(documents);
            } else {
                found.retainAll(documents);
            }
        }
        List<String> result = new ArrayList<>();
        if (found == null) {
            return result;
        }
        for (int number : found) {
            result.add(titles.get(number));
        }
        return result;
    }

    int count(String word) {
        Integer count = counts.get(word.toLowerCase());
        if (count == null) {
            return 0;
        }
        return count;
    }

    /** The most frequent words; of equally frequent ones the first in the alphabet first. */
    List<String> mostFrequent(int limit) {
        List<String> words = new ArrayList<>(counts.keySet());
        words.sort(Comparator.comparing((String word) -> -counts.get(word)).thenComparing(Comparator.naturalOrder()));
        return words.subList(0, Math.min(limit, words.size()));
    }
}
