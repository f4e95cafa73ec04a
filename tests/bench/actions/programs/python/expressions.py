"""Computes arithmetic like `2 * (x + 1) ^ 2`."""
import re
from operator import add, mul, sub, truediv

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*)|([A-Za-z_]\w*)|(.))")
SUMS = {"+": add, "-": sub}
PRODUCTS = {"*": mul, "/": truediv}


class ExpressionError(ValueError):
    """Text that is no expression."""


def tokens_of(text):
    """Numbers as floats, names and operators as strings."""
    tokens = []
    for number, name, symbol in TOKEN.findall(text.rstrip()):
        tokens.append(float(number) if number else name or symbol)
    return tokens


class Parser:
    def __init__(self, text, variables=None):
        self.tokens = tokens_of(text)
        self.position = 0
        self.variables = variables or {}

    def peek(self):
        if self.position < len(self.tokens):
            return self.tokens[self.position]
        return None

    def next(self):
        token = self.peek()
        self.position += 1
        return token

    def chain(self, operand, operators):
        """Operands joined by operators that bind equally, from left to right."""
        value = operand()
        while self.peek() in operators:
            operate = operators[self.next()]
            value = operate(value, operand())
        return value

    def sum(self):
        return self.chain(self.product, SUMS)

    def product(self):
        return self.chain(self.power, PRODUCTS)

    def power(self):
        base = self.atom()
        if self.peek() == "^":
            self.next()
            return base ** self.power()
        return base

    def atom(self):
        token = self.next()
        if isinstance(token, float):
            return token
        if token == "-":
            return -self.power()
        if token == "(":
            value = self.sum()
            if self.next() != ")":
                raise ExpressionError("a bracket is not closed")
            return value
        if token in self.variables:
            return self.variables[token]
        raise ExpressionError(f"{token or 'the end'} was not expected")


def evaluate(text, **variables):
    parser = Parser(text, variables)
    value = parser.sum()
    if parser.peek() is not None:
        raise ExpressionError(f"{parser.peek()} was not expected")
    return value
