import unittest

from expressions import ExpressionError, evaluate, tokens_of


class ExpressionTest(unittest.TestCase):
    def test_tokens(self):
        self.assertEqual(tokens_of("2.5*(x1 - 3) "), [2.5, "*", "(", "x1", "-", 3.0, ")"])

    def test_precedence(self):
        self.assertEqual(evaluate("2 + 3 * 4"), 14)

    def test_left_to_right(self):
        self.assertEqual(evaluate("10 - 4 - 3"), 3)
        self.assertEqual(evaluate("12 / 3 / 2"), 2)

    def test_power_binds_to_the_right(self):
        self.assertEqual(evaluate("2 ^ 3 ^ 2"), 512)

    def test_brackets_and_names(self):
        self.assertEqual(evaluate("2 * (x + 1) ^ 2", x=2), 18)

    def test_minus(self):
        self.assertEqual(evaluate("-2 ^ 2 + -1"), -5)

    def test_open_bracket(self):
        with self.assertRaisesRegex(ExpressionError, "not closed"):
            evaluate("(1 + 2")

    def test_unknown_name(self):
        with self.assertRaisesRegex(ExpressionError, "y was not expected"):
            evaluate("1 + y")

    def test_something_left(self):
        with self.assertRaises(ExpressionError):
            evaluate("1 2")

    def test_nothing(self):
        with self.assertRaisesRegex(ExpressionError, "the end"):
            evaluate("")
