#include "polynomial.cpp"

#include "check.hpp"

static Polynomial p(std::vector<long> coefficients) { return Polynomial(coefficients); }

TEST(degree) {
    EQUAL(p({1, 2, 3, 0}).degree(), 2);
    EQUAL(p({0}).degree(), -1);
}
TEST(at) { EQUAL(p({1, -2, 3}).at(2), 9); }
TEST(plus) {
    EQUAL((p({1, 2, 3}) + p({4, 5})).to_string(), "3x^2 + 7x + 5");
    EQUAL((p({1, 2, 3}) + p({0, 0, -3})).degree(), 1);
}
TEST(times) { EQUAL((p({-1, 1}) * p({1, 1, 1})).to_string(), "x^3 - 1"); }
TEST(derivative) { EQUAL(p({7, 3, 0, 5}).derivative().to_string(), "15x^2 + 3"); }
TEST(to_string) {
    EQUAL(p({0, -1, 2}).to_string(), "2x^2 - x");
    EQUAL(p({-4}).to_string(), "-4");
    EQUAL(p({}).to_string(), "0");
}
TEST(root) {
    EQUAL(p({6, -5, 1}).root_between(0, 3).value_or(-99), 2);
    EQUAL(p({-3, 1}).root_between(0, 3).value_or(-99), 3);
    EQUAL(p({1, 0, 1}).root_between(-5, 5).has_value(), false);
}
