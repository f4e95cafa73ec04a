#include "clock_time.cpp"

#include "check.hpp"

static Room room() {
    Room room;
    room.book("ada", "10:00", "11:30");
    room.book("bob", "09:00", "10:00");
    return room;
}

TEST(parse) {
    EQUAL(ClockTime::parse("7:05").to_string(), "07:05");
    THROWS(std::invalid_argument, ClockTime::parse("1234"));
    THROWS(std::invalid_argument, ClockTime::parse("12:3"));
    THROWS(std::out_of_range, ClockTime::parse("24:00"));
    THROWS(std::out_of_range, ClockTime::parse("12:60"));
}
TEST(plus) {
    EQUAL(ClockTime(23, 50).plus(15).to_string(), "00:05");
    EQUAL(ClockTime(0, 10).plus(-20).to_string(), "23:50");
}
TEST(book) {
    EQUAL(room().book("eve", "11:30", "12:00"), true);
    EQUAL(room().book("eve", "11:00", "12:00"), false);
    EQUAL(room().book("eve", "10:15", "10:30"), false);
    EQUAL(room().book("eve", "13:00", "13:00"), false);
}
TEST(who) {
    EQUAL(room().who("09:59"), "bob");
    EQUAL(room().who("10:00"), "ada");
    EQUAL(room().who("11:30"), "free");
}
TEST(booked_minutes) { EQUAL(room().booked_minutes(), 150); }
