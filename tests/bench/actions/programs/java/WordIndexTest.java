import java.util.List;

class WordIndexTest {
    static WordIndex index() {
        WordIndex index = new WordIndex();
        index.add("one", "The cat sat on the mat.");
        index.add("two", "The dog, the dog!");
        index.add("three", "Dog and cat");
        return index;
    }

    static void testWords() {
        Check.equal(WordIndex.words("Don't  stop-2 it"), List.of("don", "t", "stop", "2", "it"));
        Check.equal(WordIndex.words(" ,."), List.of());
    }

    static void testAddNumbers() {
        WordIndex index = index();
        Check.equal(index.add("four", ""), 3);
    }

    static void testSearch() {
        Check.equal(index().search("DOG"), List.of("two", "three"));
        Check.equal(index().search("cat the"), List.of("one"));
    }

    static void testSearchNothing() {
        Check.equal(index().search("cow"), List.of());
        Check.equal(index().search("cat cow"), List.of());
        Check.equal(index().search(""), List.of());
    }

    static void testCount() {
        Check.equal(index().count("The"), 4);
        Check.equal(index().count("cow"), 0);
    }

    static void testMostFrequent() {
        Check.equal(index().mostFrequent(3), List.of("the", "dog", "cat"));
        Check.equal(index().mostFrequent(99).size(), 7);
    }

    public static void main(String[] arguments) throws Exception {
        Check.run(WordIndexTest.class);
    }
}
