import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/** Arithmetic with brackets, by way of reverse Polish notation. */
class Calculator {
    private static final Map<String, Integer> PRECEDENCE = Map.of("+", 1, "-", 1, "*", 2, "/", 2, "^", 3);

    static List<String> tokens(String text) {
        List<String> tokens = new ArrayList<>();
        int index = 0;
        while (index < text.length()) {
            char c = text.charAt(index);
            int end = index + 1;
            if (Character.isDigit(c)) {
                while (end < text.length() && (Character.isDigit(text.charAt(end)) || text.charAt(end) == '.')) {
                    end++;
                }
            }
            if (!Character.isWhitespace(c)) {
                tokens.add(text.substring(index, end));
            }
            index = end;
        }
        return tokens;
    }

    static List<String> toPostfix(List<String> tokens) {
        List<String> output = new ArrayList<>();
        Deque<String> operators = new ArrayDeque<>();
        for (String token : tokens) {
            if (token.equals("(")) {
                operators.push(token);
            } else if (token.equals(")")) {
                while (!operators.isEmpty() && !operators.peek().equals("(")) {
                    output.add(operators.pop());
                }
                if (operators.isEmpty()) {
                    throw new IllegalArgumentException("a bracket was not opened");
                }
                operators.pop();
            } else if (PRECEDENCE.containsKey(token)) {
                while (!operators.isEmpty() && bindsFirst(operators.peek(), token)) {
                    output.add(operators.pop());
                }
                operators.push(token);
            } else {
                output.add(token);
            }
        }
        while (!operators.isEmpty()) {
            output.add(operators.pop());
        }
        return output;
    }

    /** Whether the operator on the stack comes before the next one; ^ binds to the right. */
    private static boolean bindsFirst(String top, String next) {
        if (top.equals("(")) {
            return false;
        }
        int difference = PRECEDENCE.get(top) - PRECEDENCE.get(next);
        return difference > 0 || (difference == 0 && !next.equals("^"));
    }

    static double apply(String operator, double left, double right) {
        return switch (operator) {
            case "+" -> left + right;
            case "-" -> left - right;
            case "*" -> left * right;
            case "/" -> left / right;
            default -> Math.pow(left, right);
        };
    }

    static double evaluate(String text) {
        Deque<Double> values = new ArrayDeque<>();
        for (String token : toPostfix(tokens(text))) {
            if (PRECEDENCE.containsKey(token)) {
                double right = values.pop();
                double left = values.pop();
                values.push(apply(token, left, right));
            } else {
                values.push(Double.parseDouble(token));
            }
        }
        return values.pop();
    }
}
