class RomanTest {
    static void testToString() {
        Check.equal(new Roman(1994).toString(), "MCMXCIV");
        Check.equal(new Roman(3999).toString(), "MMMCMXCIX");
        Check.equal(new Roman(8).toString(), "VIII");
    }

    static void testParse() {
        Check.equal(Roman.parse("MCMXCIV").value(), 1994);
        Check.equal(Roman.parse("XLII").value(), 42);
        Check.equal(Roman.parse("I").value(), 1);
    }

    static void testParseRefuses() {
        for (String text : new String[] {"", "ABC", "IIII", "VIV", "IM", "xi"}) {
            Check.fails(NumberFormatException.class, () -> Roman.parse(text));
        }
    }

    static void testBounds() {
        Check.fails(IllegalArgumentException.class, () -> new Roman(0));
        Check.fails(IllegalArgumentException.class, () -> new Roman(4000));
    }

    static void testPlus() {
        Check.equal(Roman.parse("XIX").plus(Roman.parse("III")), new Roman(22));
    }

    static void testEquals() {
        Check.equal(new Roman(5).equals(Roman.parse("V")), true);
        Check.equal(new Roman(5).equals(new Roman(6)), false);
        Check.equal(new Roman(5).hashCode(), Roman.parse("V").hashCode());
    }

    public static void main(String[] arguments) throws Exception {
        Check.run(RomanTest.class);
    }
}
