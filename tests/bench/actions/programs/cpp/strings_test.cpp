#include "strings.cpp"

#include "check.hpp"

using Words = std::vector<std::string>;

TEST(split) { EQUAL(split("a,,b", ','), (Words{"a", "", "b"})); }
TEST(split_nothing) { EQUAL(split("", ','), (Words{""})); }
TEST(join) { EQUAL(join({"a", "b", "c"}, ", "), "a, b, c"); }
TEST(trim) {
    EQUAL(trim(" \t a b\n"), "a b");
    EQUAL(trim("   "), "");
}
TEST(replace_all) {
    EQUAL(replace_all("aXbXX", "X", "yX"), "ayXbyXyX");
    EQUAL(replace_all("abc", "", "x"), "abc");
}
TEST(palindrome) {
    EQUAL(is_palindrome("Never odd, or even!"), true);
    EQUAL(is_palindrome("abca"), false);
}
TEST(top_words) { EQUAL(top_words("b a c b  a d", 3), (Words{"a", "b", "c"})); }
