import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class JsonWriterTest {
    static final JsonWriter SHORT = new JsonWriter(0);

    static void testScalars() {
        Check.equal(SHORT.write(Arrays.asList(1, 2.5, true, null, "x")), "[1,2.5,true,null,\"x\"]");
    }

    static void testQuote() {
        Check.equal(JsonWriter.quote("a\"b\\c\nd\u0001"), "\"a\\\"b\\\\c\\nd\\u0001\"");
    }

    static void testEmpty() {
        Check.equal(SHORT.write(List.of(List.of(), Map.of())), "[[],{}]");
    }

    static void testMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("a", 1);
        map.put("b", null);
        Check.equal(SHORT.write(map), "{\"a\": 1,\"b\": null}");
    }

    static void testIndented() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("list", List.of(1, 2));
        map.put("x", "y");
        Check.equal(new JsonWriter(2).write(map), "{\n  \"list\": [\n    1,\n    2\n  ],\n  \"x\": \"y\"\n}");
    }

    public static void main(String[] arguments) throws Exception {
        Check.run(JsonWriterTest.class);
    }
}
