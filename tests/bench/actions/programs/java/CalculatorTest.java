import java.util.List;

class CalculatorTest {
    static void testTokens() {
        Check.equal(Calculator.tokens("12+ (3.5*4)"), List.of("12", "+", "(", "3.5", "*", "4", ")"));
    }

    static void testPostfix() {
        Check.equal(Calculator.toPostfix(List.of("1", "+", "2", "*", "3")), List.of("1", "2", "3", "*", "+"));
        Check.equal(Calculator.toPostfix(List.of("(", "1", "-", "2", ")", "-", "3")), List.of("1", "2", "-", "3", "-"));
    }

    static void testPrecedence() {
        Check.equal(Calculator.evaluate("2 + 3 * 4"), 14.0);
        Check.equal(Calculator.evaluate("(2 + 3) * 4"), 20.0);
    }

    static void testLeftToRight() {
        Check.equal(Calculator.evaluate("10 - 4 - 3"), 3.0);
        Check.equal(Calculator.evaluate("12 / 3 / 2"), 2.0);
    }

    static void testPower() {
        Check.equal(Calculator.evaluate("2 ^ 3 ^ 2"), 512.0);
        Check.equal(Calculator.evaluate("2 * 3 ^ 2"), 18.0);
    }

    static void testBrackets() {
        Check.fails(IllegalArgumentException.class, () -> Calculator.evaluate("1 + 2)"));
    }

    static void testNoNumber() {
        Check.fails(NumberFormatException.class, () -> Calculator.evaluate("1 + x"));
    }

    public static void main(String[] arguments) throws Exception {
        Check.run(CalculatorTest.class);
    }
}
