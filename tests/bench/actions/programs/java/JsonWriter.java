import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.StringJoiner;

/** Writes maps, collections, texts, numbers and null as JSON. */
class JsonWriter {
    private final String indentation;

    JsonWriter(int spaces) {
        this.indentation = " ".repeat(spaces);
    }

    String write(Object value) {
        return write(value, 0);
    }

    private String write(Object value, int depth) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Map<?, ?> map) {
            return writeMap(map, depth);
        }
        if (value instanceof Collection<?> items) {
            return writeList(items, depth);
        }
        if (value instanceof Number || value instanceof Boolean) {
            return value.toString();
        }
        return quote(value.toString());
    }

    private String writeMap(Map<?, ?> map, int depth) {
        if (map.isEmpty()) {
            return "{}";
        }
        StringJoiner members = new StringJoiner("," + lineBreak(depth + 1));
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String key = quote(Objects.toString(entry.getKey()));
            members.add(key + ": " + write(entry.getValue(), depth + 1));
        }
        return "{" + lineBreak(depth + 1) + members + lineBreak(depth) + "}";
    }

    private String writeList(Collection<?> items, int depth) {
        if (items.isEmpty()) {
            return "[]";
        }
        StringBuilder text = new StringBuilder("[");
        Iterator<?> iterator = items.iterator();
        while (iterator.hasNext()) {
            text.append(lineBreak(depth + 1));
            text.append(write(iterator.next(), depth + 1));
            if (iterator.hasNext()) {
                text.append(",");
            }
        }
        return text.append(lineBreak(depth)).append("]").toString();
    }

    private String lineBreak(int depth) {
        if (indentation.isEmpty()) {
            return "";
        }
        return "\n" + indentation.repeat(depth);
    }

    static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                default -> {
                    if (c < ' ') {
                        quoted.append(String.format("\\u%04x", (int) c));
                    } else {
                        quoted.append(c);
                    }
                }
            }
        }
        return quoted.append('"').toString();
    }
}
