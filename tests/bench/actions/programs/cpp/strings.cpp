// Small functions over text.
#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::string part;
    for (char c : text) {
        if (c == separator) {
            parts.push_back(part);
            part.clear();
        } else {
            part += c;
        }
    }
    parts.push_back(part);
    return parts;
}

std::string join(const std::vector<std::string>& parts, const std::string& separator) {
    std::string result;
    for (std::size_t i = 0; i < parts.size(); i++) {
        if (i > 0) result += separator;
        result += parts[i];
    }
    return result;
}

std::string trim(const std::string& text) {
    std::size_t start = 0;
    std::size_t end = text.size();
    while (start < end && std::isspace(static_cast<unsigned char>(text[start]))) start++;
    while (end > start && std::isspace(static_cast<unsigned char>(text[end - 1]))) end--;
    return text.substr(start, end - start);
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
    if (from.empty()) return text;
    std::size_t position = 0;
    while ((position = text.find(from, position)) != std::string::npos) {
        text.replace(position, from.size(), to);
        position += to.size();
    }
    return text;
}

bool is_palindrome(const std::string& text) {
    std::string letters;
    for (char c : text) {
        if (std::isalpha(static_cast<unsigned char>(c))) letters += static_cast<char>(std::tolower(c));
    }
    return std::equal(letters.begin(), letters.end(), letters.rbegin());
}

// The most frequent words, of equally frequent ones the first in the alphabet first.
std::vector<std::string> top_words(const std::string& text, std::size_t count) {
    std::map<std::string, int> counts;
    for (const std::string& word : split(text, ' ')) {
        if (!word.empty()) counts[word]++;
    }
    std::vector<std::string> words;
    for (const auto& entry : counts) words.push_back(entry.first);
    std::stable_sort(words.begin(), words.end(), [&](const std::string& a, const std::string& b) {
        return counts[a] > counts[b];
    });
    if (words.size() > count) words.resize(count);
    return words;
}
