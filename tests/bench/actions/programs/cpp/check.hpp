// Tests that print `test NAME ... ok` or `... FAILED`, and why on standard error.
#pragma once
#include <exception>
#include <functional>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace check {
struct Test {
    std::string name;
    std::function<void()> body;
};

inline std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}

struct Register {
    Register(const char* name, std::function<void()> body) { tests().push_back({name, body}); }
};

template <typename T>
void show(std::ostream& out, const T& value) { out << value; }

template <typename T>
void show(std::ostream& out, const std::vector<T>& values) {
    out << "[";
    for (std::size_t i = 0; i < values.size(); i++) {
        out << (i ? ", " : "");
        show(out, values[i]);
    }
    out << "]";
}

template <typename A, typename B>
void equal(const A& actual, const B& expected, const char* what) {
    if (actual == expected) return;
    std::ostringstream message;
    message << std::boolalpha << what << " is ";
    show(message, actual);
    message << ", expected ";
    show(message, expected);
    throw std::logic_error(message.str());
}

template <typename E>
void throws(const std::function<void()>& body, const char* what) {
    try {
        body();
    } catch (const E&) {
        return;
    }
    throw std::logic_error(std::string(what) + " did not throw");
}
}  // namespace check

#define TEST(name)                                          \
    static void test_##name();                              \
    static check::Register register_##name(#name, test_##name); \
    static void test_##name()
#define EQUAL(actual, expected) check::equal((actual), (expected), #actual)
#define THROWS(error, expression) check::throws<error>([&] { (void)(expression); }, #expression)

int main() {
    int failed = 0;
    for (const auto& test : check::tests()) {
        std::cout << "test " << test.name << " ... " << std::flush;
        try {
            test.body();
            std::cout << "ok" << std::endl;
        } catch (const std::exception& error) {
            std::cout << "FAILED" << std::endl;
            std::cerr << "test " << test.name << ": " << error.what() << std::endl;
            failed = 1;
        }
    }
    return failed;
}
