import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Days from a first to a last one, both included. */
class DateRange {
    private final LocalDate first;
    private final LocalDate last;

    DateRange(LocalDate first, LocalDate last) {
        if (last.isBefore(first)) {
            throw new IllegalArgumentException(last + " comes before " + first);
        }
        this.first = first;
        this.last = last;
    }

    /** Reads "2024-01-05..2024-02-01" or a single day. */
    static DateRange parse(String text) {
        String[] parts = text.split("\\.\\.");
        LocalDate first = LocalDate.parse(parts[0]);
        LocalDate last = parts.length > 1 ? LocalDate.parse(parts[1]) : first;
        return new DateRange(first, last);
    }

    long days() {
        return ChronoUnit.DAYS.between(first, last) + 1;
    }

    boolean contains(LocalDate day) {
        return !day.isBefore(first) && !day.isAfter(last);
    }

    Optional<DateRange> intersection(DateRange other) {
        LocalDate start = first.isAfter(other.first) ? first : other.first;
        LocalDate end = last.isBefore(other.last) ? last : other.last;
        if (end.isBefore(start)) {
            return Optional.empty();
        }
        return Optional.of(new DateRange(start, end));
    }

    /** How many of the days are no Saturday and no Sunday. */
    int workingDays() {
        int count = 0;
        for (LocalDate day = first; !day.isAfter(last); day = day.plusDays(1)) {
            DayOfWeek weekday = day.getDayOfWeek();
            if (weekday != DayOfWeek.SATURDAY && weekday != DayOfWeek.SUNDAY) {
                count++;
            }
        }
        return count;
    }

    /** The parts of this range in each calendar month. */
    List<DateRange> byMonth() {
        List<DateRange> parts = new ArrayList<>();
        LocalDate start = first;
        while (!start.isAfter(last)) {
            LocalDate monthEnd = start.withDayOfMonth(start.lengthOfMonth());
            LocalDate end = monthEnd.isBefore(last) ? monthEnd : last;
            parts.add(new DateRange(start, end));
            start = end.plusDays(1);
        }
        return parts;
    }

    @Override
    public String toString() {
        if (first.equals(last)) {
            return first.toString();
        }
        return first + ".." + last;
    }
}
