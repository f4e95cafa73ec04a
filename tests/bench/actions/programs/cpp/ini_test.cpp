#include "ini.cpp"

#include "check.hpp"

static const Ini& ini() {
    static const Ini parsed = Ini::parse("name = demo\r\n; note\n\n[ server ]\nport=8080\nhost = a=b\n[log]\nlevel = high\n");
    return parsed;
}

TEST(text) {
    EQUAL(ini().text("", "name", "-"), "demo");
    EQUAL(ini().text("server", "host", "-"), "a=b");
    EQUAL(ini().text("server", "user", "-"), "-");
    EQUAL(ini().text("client", "user", "nobody"), "nobody");
}
TEST(number) {
    EQUAL(ini().number("server", "port", 1), 8080);
    EQUAL(ini().number("server", "threads", 4), 4);
}
TEST(no_number) { THROWS(std::invalid_argument, ini().number("log", "level", 1)); }
TEST(keys) {
    EQUAL(ini().keys("server"), (std::vector<std::string>{"host", "port"}));
    EQUAL(ini().keys("nothing").size(), 0u);
}
TEST(open_section) {
    try {
        Ini::parse("a = 1\n[x");
        EQUAL("no error", "an error");
    } catch (const IniError& error) {
        EQUAL(error.line(), 2);
        EQUAL(std::string(error.what()), "line 2: the section is not closed");
    }
}
TEST(no_equals) { THROWS(IniError, Ini::parse("abc")); }
