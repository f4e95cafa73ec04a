#include "fraction.cpp"

#include "check.hpp"

TEST(lowest_terms) {
    EQUAL(Fraction(6, -8).to_string(), "-3/4");
    EQUAL(Fraction(8, 4).to_string(), "2");
}
TEST(no_zero) { THROWS(std::domain_error, Fraction(1, 0)); }
TEST(plus) { EQUAL(Fraction(1, 6) + Fraction(1, 3), Fraction(1, 2)); }
TEST(minus) { EQUAL(Fraction(1, 2) - Fraction(3, 4), Fraction(-1, 4)); }
TEST(times) { EQUAL(Fraction(2, 3) * Fraction(9, 4), Fraction(3, 2)); }
TEST(divided) { EQUAL(Fraction(1, 2) / Fraction(-3, 4), Fraction(-2, 3)); }
TEST(divided_by_zero) { THROWS(std::domain_error, Fraction(1) / Fraction(0)); }
TEST(less) {
    EQUAL(Fraction(1, 3) < Fraction(2, 5), true);
    EQUAL(Fraction(1, 2) < Fraction(2, 4), false);
}
TEST(parse) {
    EQUAL(Fraction::parse("-6/9"), Fraction(-2, 3));
    EQUAL(Fraction::parse("12"), Fraction(12));
}
TEST(sum) { EQUAL(sum({Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)}), Fraction(1)); }
TEST(continued) { EQUAL(continued(Fraction(415, 93)), (std::vector<long>{4, 2, 6, 7})); }
