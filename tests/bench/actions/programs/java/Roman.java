import java.util.LinkedHashMap;
import java.util.Map;

/** Roman numerals from 1 to 3999. */
class Roman {
    private static final Map<String, Integer> SYMBOLS = new LinkedHashMap<>();

    static {
        String[] symbols = {"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"};
        int[] values = {1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1};
        for (int i = 0; i < symbols.length; i++) {
            SYMBOLS.put(symbols[i], values[i]);
        }
    }

    private final int value;

    Roman(int value) {
        if (value < 1 || value > 3999) {
            throw new IllegalArgumentException(value + " has no Roman numeral");
        }
        this.value = value;
    }

    static Roman parse(String text) {
        int total = 0;
        int position = 0;
        for (Map.Entry<String, Integer> entry : SYMBOLS.entrySet()) {
            String symbol = entry.getKey();
            while (text.startsWith(symbol, position)) {
                total += entry.getValue();
                position += symbol.length();
            }
        }
        if (position != text.length() || total == 0) {
            throw new NumberFormatException(text + " is no Roman numeral");
        }
        Roman roman = new Roman(total);
        if (!roman.toString().equals(text)) {
            throw new NumberFormatException(text + " should be " + roman);
        }
        return roman;
    }

    int value() {
        return value;
    }

    Roman plus(Roman other) {
        return new Roman(value + other.value);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        int rest = value;
        for (Map.Entry<String, Integer> entry : SYMBOLS.entrySet()) {
            while (rest >= entry.getValue()) {
                text.append(entry.getKey());
                rest -= entry.getValue();
            }
        }
        return text.toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Roman roman && roman.value == value;
    }

    @Override
    public int hashCode() {
        return Integer.hashCode(value);
    }
}
