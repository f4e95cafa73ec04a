"""Where the functions of the benchmark's own programs begin and end. They are formatted, so indentation tells."""
import re

KEYWORDS = r"(?:if|for|while|switch|catch|else|return|throw|new|do|try|case|using|assert)"
DEFINITIONS = {
    "python": re.compile(r"^\s*def (\w+)"),
    "javascript": re.compile(rf"^\s*(?:async |static |get |function )*(?!{KEYWORDS}\b)(\w+)\(.*\) \{{$"),
    "rust": re.compile(r"^\s*(?:pub )?fn (\w+)"),
    # A lambda is no function of its own.
    "cpp": re.compile(
        rf"^(?! *{KEYWORDS}\b)(?=.*\)(?: const| : .*)? \{{)(?!.*\[&?\]\()"
        rf"(?! *(?:struct|class|namespace)\b)[^(=]*?(?:operator(?:\+|-|\*|/|==|<<|<)|\b(\w+))\("
    ),
    "java": re.compile(rf"^(?! *{KEYWORDS}\b)(?=.*\{{$)(?! *(?:private static final class|class|record|interface)\b)[^(=.]*?\b(\w+)\("),
}


def indentation(line):
    return len(line) - len(line.lstrip())


def functions(lines, language):
    """`(first, last, name)` of each function, lines from 0, both included."""
    found = []
    for first, line in enumerate(lines):
        definition = DEFINITIONS[language].match(line)
        if not definition:
            continue
        last = first
        for number in range(first + 1, len(lines)):
            if not lines[number].strip():
                continue
            if indentation(lines[number]) <= indentation(line):
                if lines[number].strip().startswith("}") and "{" in line and line.rstrip().endswith("{"):
                    last = number
                break
            last = number
        found.append((first, last, definition.group(1) or "operator"))
    return found


def enclosing(lines, language, line):
    """The innermost function around a line (from 0), or None."""
    around = [function for function in functions(lines, language) if function[0] <= line <= function[1]]
    return max(around, default=None)
