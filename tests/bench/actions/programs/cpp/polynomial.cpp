// Polynomials with whole coefficients, the lowest power first.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

class Polynomial {
public:
    explicit Polynomial(std::vector<long> coefficients) : coefficients_(std::move(coefficients)) {
        while (!coefficients_.empty() && coefficients_.back() == 0) coefficients_.pop_back();
    }

    int degree() const { return static_cast<int>(coefficients_.size()) - 1; }

    long coefficient(std::size_t power) const {
        return power < coefficients_.size() ? coefficients_[power] : 0;
    }

    long at(long x) const {
        long value = 0;
        for (auto c = coefficients_.rbegin(); c != coefficients_.rend(); ++c) {
            value = value * x + *c;
        }
        return value;
    }

    Polynomial operator+(const Polynomial& other) const {
        std::vector<long> sums(std::max(coefficients_.size(), other.coefficients_.size()), 0);
        for (std::size_t i = 0; i < sums.size(); i++) {
            sums[i] = coefficient(i) + other.coefficient(i);
        }
        return Polynomial(sums);
    }

    Polynomial operator*(const Polynomial& other) const {
        std::vector<long> products(coefficients_.size() + other.coefficients_.size(), 0);
        for (std::size_t i = 0; i < coefficients_.size(); i++) {
            for (std::size_t j = 0; j < other.coefficients_.size(); j++) {
                products[i + j] += coefficients_[i] * other.coefficients_[j];
            }
        }
        return Polynomial(products);
    }

    Polynomial derivative() const {
        std::vector<long> result;
        for (std::size_t i = 1; i < coefficients_.size(); i++) {
            result.push_back(static_cast<long>(i) * coefficients_[i]);
        }
        return Polynomial(result);
    }

    std::string to_string() const {
        std::string text;
        for (int power = degree(); power >= 0; power--) {
            long c = coefficients_[power];
            if (c == 0) continue;
            if (!text.empty()) text += c > 0 ? " + " : " - ";
            else if (c < 0) text += "-";
            if (std::abs(c) != 1 || power == 0) text += std::to_string(std::abs(c));
            if (power > 0) text += "x";
            if (power > 1) text += "^" + std::to_string(power);
        }
        return text.empty() ? "0" : text;
    }

    // The smallest whole root between two numbers, both included.
    std::optional<long> root_between(long low, long high) const {
        for (long x = low; x <= high; x++) {
            if (at(x) == 0) return x;
        }
        return std::nullopt;
    }

private:
    std::vector<long> coefficients_;
};
