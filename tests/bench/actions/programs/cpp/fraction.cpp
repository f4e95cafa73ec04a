// Exact fractions, always in lowest terms with a positive denominator.
#include <numeric>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

class Fraction {
public:
    Fraction(long numerator, long denominator = 1) : numerator_(numerator), denominator_(denominator) {
        if (denominator_ == 0) throw std::domain_error("a denominator is not zero");
        if (denominator_ < 0) {
            numerator_ = -numerator_;
            denominator_ = -denominator_;
        }
        long divisor = std::gcd(numerator_, denominator_);
        numerator_ /= divisor;
        denominator_ /= divisor;
    }

    long numerator() const { return numerator_; }
    long denominator() const { return denominator_; }

    Fraction operator+(const Fraction& other) const {
        return Fraction(numerator_ * other.denominator_ + other.numerator_ * denominator_, denominator_ * other.denominator_);
    }

    Fraction operator-(const Fraction& other) const {
        return *this + Fraction(-other.numerator_, other.denominator_);
    }

    Fraction operator*(const Fraction& other) const {
        return Fraction(numerator_ * other.numerator_, denominator_ * other.denominator_);
    }

    Fraction operator/(const Fraction& other) const {
        if (other.numerator_ == 0) throw std::domain_error("nothing is divided by zero");
        return Fraction(numerator_ * other.denominator_, denominator_ * other.numerator_);
    }

    bool operator==(const Fraction& other) const {
        return numerator_ == other.numerator_ && denominator_ == other.denominator_;
    }

    bool operator<(const Fraction& other) const {
        return numerator_ * other.denominator_ < other.numerator_ * denominator_;
    }

    // Reads "3/4", "-2" and the like.
    static Fraction parse(const std::string& text) {
        std::size_t slash = text.find('/');
        if (slash == std::string::npos) return Fraction(std::stol(text));
        return Fraction(std::stol(text.substr(0, slash)), std::stol(text.substr(slash + 1)));
    }

    std::string to_string() const {
        if (denominator_ == 1) return std::to_string(numerator_);
        return std::to_string(numerator_) + "/" + std::to_string(denominator_);
    }

private:
    long numerator_;
    long denominator_;
};

std::ostream& operator<<(std::ostream& out, const Fraction& fraction) {
    return out << fraction.to_string();
}

Fraction sum(const std::vector<Fraction>& fractions) {
    Fraction total(0);
    for (const Fraction& fraction : fractions) total = total + fraction;
    return total;
}

// The continued fraction of a number: 415/93 is 4 + 1/(2 + 1/(6 + 1/7)).
std::vector<long> continued(Fraction fraction) {
    std::vector<long> terms;
    long numerator = fraction.numerator();
    long denominator = fraction.denominator();
    while (denominator != 0) {
        terms.push_back(numerator / denominator);
        long rest = numerator % denominator;
        numerator = denominator;
        denominator = rest;
    }
    return terms;
}
