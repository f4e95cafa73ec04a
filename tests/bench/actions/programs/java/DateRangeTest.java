import java.time.LocalDate;

class DateRangeTest {
    static void testParse() {
        Check.equal(DateRange.parse("2024-01-05..2024-02-01").toString(), "2024-01-05..2024-02-01");
        Check.equal(DateRange.parse("2024-01-05").toString(), "2024-01-05");
    }

    static void testBackwards() {
        Check.fails(IllegalArgumentException.class, () -> DateRange.parse("2024-02-01..2024-01-31"));
    }

    static void testDays() {
        Check.equal(DateRange.parse("2024-02-01..2024-03-01").days(), 30L);
        Check.equal(DateRange.parse("2024-02-01").days(), 1L);
    }

    static void testContains() {
        DateRange range = DateRange.parse("2024-02-01..2024-02-03");
        Check.equal(range.contains(LocalDate.of(2024, 2, 1)), true);
        Check.equal(range.contains(LocalDate.of(2024, 2, 3)), true);
        Check.equal(range.contains(LocalDate.of(2024, 2, 4)), false);
        Check.equal(range.contains(LocalDate.of(2024, 1, 31)), false);
    }

    static void testIntersection() {
        DateRange range = DateRange.parse("2024-02-01..2024-02-10");
        Check.equal(range.intersection(DateRange.parse("2024-02-08..2024-03-01")).get().toString(), "2024-02-08..2024-02-10");
        Check.equal(range.intersection(DateRange.parse("2024-01-01..2024-02-01")).get().toString(), "2024-02-01");
        Check.equal(range.intersection(DateRange.parse("2024-02-11")).isPresent(), false);
    }

    static void testWorkingDays() {
        Check.equal(DateRange.parse("2024-05-03..2024-05-13").workingDays(), 7);
    }

    static void testByMonth() {
        Check.equal(DateRange.parse("2024-01-30..2024-03-02").byMonth().toString(),
                "[2024-01-30..2024-01-31, 2024-02-01..2024-02-29, 2024-03-01..2024-03-02]");
    }

    public static void main(String[] arguments) throws Exception {
        Check.run(DateRangeTest.class);
    }
}
