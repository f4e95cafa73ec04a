// INI files: sections with keys and values.
#include <cstdlib>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

class IniError : public std::runtime_error {
public:
    IniError(int line, const std::string& message)
        : std::runtime_error("line " + std::to_string(line) + ": " + message), line_(line) {}
    int line() const { return line_; }

private:
    int line_;
};

class Ini {
public:
    static Ini parse(const std::string& text) {
        Ini ini;
        std::istringstream lines(text);
        std::string line;
        std::string section;
        int number = 0;
        while (std::getline(lines, line)) {
            number++;
            line = stripped(line);
            if (line.empty() || line[0] == ';') continue;
            if (line[0] == '[') {
                if (line.back() != ']') throw IniError(number, "the section is not closed");
                section = stripped(line.substr(1, line.size() - 2));
                continue;
            }
            std::size_t equals = line.find('=');
            if (equals == std::string::npos) throw IniError(number, "there is no =");
            ini.sections_[section][stripped(line.substr(0, equals))] = stripped(line.substr(equals + 1));
        }
        return ini;
    }

    // Null where there is no such value.
    const std::string* find(const std::string& section, const std::string& key) const {
        auto values = sections_.find(section);
        if (values == sections_.end()) return nullptr;
        auto value = values->second.find(key);
        return value == values->second.end() ? nullptr : &value->second;
    }

    std::string text(const std::string& section, const std::string& key, const std::string& otherwise) const {
        const std::string* value = find(section, key);
        if (value == nullptr) return otherwise;
        return *value;
    }

    int number(const std::string& section, const std::string& key, int otherwise) const {
        const std::string* value = find(section, key);
        if (value == nullptr) return otherwise;
        char* end = nullptr;
        long parsed = std::strtol(value->c_str(), &end, 10);
        if (*end != '\0') throw std::invalid_argument(key + " is no number: " + *value);
        return static_cast<int>(parsed);
    }

    std::vector<std::string> keys(const std::string& section) const {
        std::vector<std::string> result;
        auto values = sections_.find(section);
        if (values == sections_.end()) return result;
        for (const auto& [key, value] : values->second) result.push_back(key);
        return result;
    }

private:
    static std::string stripped(const std::string& text) {
        std::size_t start = text.find_first_not_of(" \t\r");
        if (start == std::string::npos) return "";
        std::size_t end = text.find_last_not_of(" \t\r");
        return text.substr(start, end - start + 1);
    }

    std::map<std::string, std::map<std::string, std::string>> sections_;
};
