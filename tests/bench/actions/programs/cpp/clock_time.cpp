// Times of the day and bookings that must not overlap.
#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

const int MINUTES_PER_DAY = 24 * 60;

class ClockTime {
public:
    ClockTime(int hours, int minutes) : minutes_(((hours * 60 + minutes) % MINUTES_PER_DAY + MINUTES_PER_DAY) % MINUTES_PER_DAY) {}

    static ClockTime parse(const std::string& text) {
        std::size_t colon = text.find(':');
        if (colon == std::string::npos || text.size() - colon != 3) throw std::invalid_argument(text + " is no time");
        int hours = std::stoi(text.substr(0, colon));
        int minutes = std::stoi(text.substr(colon + 1));
        if (hours > 23 || minutes > 59) throw std::out_of_range(text + " is no time");
        return ClockTime(hours, minutes);
    }

    ClockTime plus(int minutes) const { return ClockTime(0, minutes_ + minutes); }
    int minutes() const { return minutes_; }

    std::string to_string() const {
        char text[16];
        std::snprintf(text, sizeof text, "%02d:%02d", minutes_ / 60, minutes_ % 60);
        return text;
    }

    bool operator<(const ClockTime& other) const { return minutes_ < other.minutes_; }

private:
    int minutes_;
};

struct Booking {
    std::string name;
    ClockTime start;
    ClockTime end;

    bool overlaps(const Booking& other) const { return start < other.end && other.start < end; }
};

class Room {
public:
    bool book(const std::string& name, const std::string& start, const std::string& end) {
        Booking booking{name, ClockTime::parse(start), ClockTime::parse(end)};
        if (!(booking.start < booking.end)) return false;
        for (const Booking& other : bookings_) {
            if (booking.overlaps(other)) return false;
        }
        bookings_.push_back(booking);
        std::sort(bookings_.begin(), bookings_.end(), [](const Booking& a, const Booking& b) { return a.start < b.start; });
        return true;
    }

    // Who has the room at a time; null if nobody has.
    const Booking* at(const ClockTime& time) const {
        for (const Booking& booking : bookings_) {
            if (!(time < booking.start) && time < booking.end) return &booking;
        }
        return nullptr;
    }

    int booked_minutes() const {
        int total = 0;
        for (const Booking& booking : bookings_) {
            total += booking.end.minutes() - booking.start.minutes();
        }
        return total;
    }

    std::string who(const std::string& time) const {
        const Booking* booking = at(ClockTime::parse(time));
        if (booking == nullptr) return "free";
        return booking->name;
    }

private:
    std::vector<Booking> bookings_;
};
