"""Faults that people make, as mutation operators: each finds its places in a correct program, in the order of the text.

Comments and the contents of texts are left alone. An operator knows nothing of tests: whether a mutation is a fault, and what is said of it, shows when
the program is compiled and run.
"""
import re
from dataclasses import dataclass
from functools import partial

from functions import functions, indentation


@dataclass(frozen=True)
class Mutation:
    """`before`, whole lines from `line` (from 0), becomes `after`."""
    operator: str
    line: int
    before: tuple[str, ...]
    after: tuple[str, ...]

    def apply(self, lines):
        return [*lines[:self.line], *self.after, *lines[self.line + len(self.before):]]


COMMENT = {"python": r"#", "javascript": r"//", "rust": r"//", "cpp": r"//", "java": r"//"}
LITERAL = r'''f?"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'|'(?:\\.|[^'\\])*'(?!\w)|`[^`]*`|(?<=[(,!= ])/(?=[^\s/*])(?:\\.|[^/\n])+/'''


def masked(line, language):
    """The line with its texts and comments blanked, character for character."""
    literal = LITERAL if language != "rust" else r'''"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])\''''
    pattern = re.compile(rf"({literal})|({COMMENT[language]}.*)")
    blanked = pattern.sub(lambda match: re.sub(r"[^\"'`]", " ", match.group(1)) if match.group(1) else " " * len(match.group(2)), line)
    return blanked


class Code:
    """A program as operators see it."""

    def __init__(self, text, language):
        self.language = language
        self.lines = text.splitlines()
        self.masked = [masked(line, language) for line in self.lines]
        self._blank_doc_comments()
        spans = functions(self.lines, language)
        self.heads = {first for first, _, _ in spans}
        # Lines inside of functions, heads included.
        self.inside = sorted({line for first, last, _ in spans for line in range(first, last + 1)})

    def _blank_doc_comments(self):
        inside = False
        for number, line in enumerate(self.lines):
            bare = line.strip()
            if self.language == "python":
                quotes = bare.count('"""')
                if quotes or inside:
                    self.masked[number] = ""
                inside ^= quotes == 1
            elif bare.startswith(("/*", "*")):
                self.masked[number] = ""

    def words(self):
        """How often each name occurs."""
        counts = {}
        for line in self.masked:
            for word in re.findall(r"[A-Za-z_]\w*", line):
                counts[word] = counts.get(word, 0) + 1
        return counts

    def changed(self, operator, number, line):
        return Mutation(operator, number, (self.lines[number],), (line,))

    def removed(self, operator, number, count=1):
        return Mutation(operator, number, tuple(self.lines[number:number + count]), ())


def replaced(operator, pattern, replacement, code, heads=False):
    """One mutation for each place inside of functions where the pattern matches the code."""
    for number in code.inside:
        if number in code.heads and not heads:
            continue
        line = code.lines[number]
        for match in re.finditer(pattern, code.masked[number]):
            # The real text of the groups: what was blanked comes back.
            groups = [line[slice(*match.span(index))] if match.span(index)[0] >= 0 else "" for index in range(match.re.groups + 1)]
            new = replacement(groups) if callable(replacement) else re.sub(r"\\(\d)", lambda digit: groups[int(digit.group(1))], replacement)
            changed = line[:match.start()] + new + line[match.end():]
            if changed != line:
                yield code.changed(operator, number, changed)


def any_of(operator, rules, code, **options):
    for pattern, replacement in rules:
        yield from replaced(operator, pattern, replacement, code, **options)


RESERVED = set("""False None True assert await break class const continue default except final float from function import lambda match module
new null nonlocal number package private protected public raise require return static string String struct super switch template this throw throws
typename undefined unsigned using virtual void volatile while yield range isinstance double long bool boolean Result Option Some self Self usize
size_t static_cast noexcept explicit impl derive catch finally instanceof""".split())


def misspelt_name(code):
    """Two letters of a name change places where it is used."""
    counts = code.words()

    def swapped(groups):
        name = groups[0]
        middle = len(name) // 2
        return name[:middle - 1] + name[middle] + name[middle - 1] + name[middle + 1:]

    for mutation in replaced("misspelt-name", r"\b[A-Za-z_]\w{4,}\b", swapped, code):
        before, after = mutation.before[0], mutation.after[0]
        name = next(word for word, other in zip(re.findall(r"\w+", before), re.findall(r"\w+", after)) if word != other)
        if counts.get(name, 0) >= 2 and name not in RESERVED:
            yield mutation


IMPORT = {
    "python": r"^(?:import|from) ", "javascript": r"^const .*= require\(", "rust": r"^use ", "cpp": r"^#include ", "java": r"^import ",
}


def missing_import(code):
    for number, line in enumerate(code.lines):
        if re.match(IMPORT[code.language], line):
            yield code.removed("missing-import", number)


def missing_bracket(code):
    for number in code.inside:
        line = code.masked[number]
        if number in code.heads or line.count("(") != line.count(")") or line.count("[") != line.count("]"):
            continue
        for closer in (")", "]"):
            place = line.rfind(closer)
            if place >= 0:
                yield code.changed("missing-bracket", number, code.lines[number][:place] + code.lines[number][place + 1:])


def missing_brace(code):
    for number in code.inside:
        if number not in code.heads and code.masked[number].rstrip().endswith(" {"):
            yield code.changed("missing-brace", number, code.lines[number].rstrip()[:-2])


missing_colon = partial(replaced, "missing-colon", r"(?<=[\w)\]]):$", "", heads=True)
missing_semicolon = partial(replaced, "missing-semicolon", r"(?<=[\w)\]\"]);$", "")
stray_semicolon = partial(replaced, "stray-semicolon", r"^( +(?:[a-z_]\w*|(?:Ok|Some)\(.*\)|None))$", r"\1;")
missing_await = partial(replaced, "missing-await", r"\bawait ", "")


def missing_return(code):
    if code.language == "python" or code.language == "javascript":
        yield from replaced("missing-return", r"\breturn (?=\S)", "", code)
    for number in code.inside:
        last = number + 1 < len(code.lines) and code.lines[number + 1].strip() == "}" and indentation(code.lines[number]) <= 8
        if code.language == "java" and last and re.match(r"\s+return .*;$", code.masked[number]):
            yield code.removed("missing-return", number)


OFF_BY_ONE = [
    (r" \+ 1\b", ""), (r" - 1\b(?!\.)", ""), (r" <= ", " < "), (r" >= ", " > "), (r" < (?=[\w*(])", " <= "), (r" > (?=[\w*(])", " >= "),
    (r"\brange\(1, ", "range("), (r"(?<=\W)= 1;", "= 0;"), (r"(?<=\W)= 0;", "= 1;"), (r"(?<=\w)\[1\]", "[0]"), (r"(?<=\w)\[0\]", "[1]"),
    (r"\bstart=2\b", "start=1"), (r"\b0\.\.(?=\w)", "1.."), (r"\[1:\]", "[2:]"), (r"(?<=\w)\(1\)", "(0)"),
]
WRONG_OPERATOR = [
    (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " + "), (r" / ", " * "), (r" % ", " / "), (r" \+= ", " -= "), (r" -= ", " += "), (r" && ", " || "),
    (r" \|\| ", " && "), (r" and ", " or "), (r" or ", " and "), (r" === ", " !== "), (r" == ", " != "), (r" != ", " == "), (r"\bmin\(", "max("),
    (r"\bmax\(", "min("), (r"\bmin = ", "max = "), (r" // ", " / "),
]
off_by_one = partial(any_of, "off-by-one", OFF_BY_ONE)
wrong_operator = partial(any_of, "wrong-operator", WRONG_OPERATOR)
missing_negation = partial(any_of, "missing-negation", [(r"\bnot (?!in\b)", ""), (r"(?<=[( ])!(?=[\w(])", ""), (r" not in ", " in ")])

ARGUMENT = r"[&*]?[\w.]+(?:\[\w*\]|\(\w*\))?"
swapped_arguments = partial(replaced, "swapped-arguments", rf"(?<=\w)\(({ARGUMENT}), ({ARGUMENT})(?=[,)])", r"(\2, \1")

DECLARATION = {
    "python": r"^ +[a-z_]\w* = ", "javascript": r"^ +(?:let|const) \w+ = .*;$", "rust": r"^ +let (?:mut )?\w+ = .*;$",
    "cpp": r"^ +(?:int|long|bool|std::string|std::size_t|std::vector<.*?>|std::set<.*?>) \w+(?: = .*)?;$",
    "java": r"^ +(?:int|long|double|String|[A-Z]\w*(?:<.*?>)?) \w+ = .*;$",
}


def missing_declaration(code):
    """A variable that is used, and never made."""
    for number in code.inside:
        line = code.masked[number]
        if number in code.heads or not re.match(DECLARATION[code.language], line):
            continue
        name = re.search(r"(\w+)(?: = .*|;)$", line).group(1)
        if sum(len(re.findall(rf"\b{name}\b", other)) for other in code.masked) >= 2:
            yield code.removed("missing-declaration", number)


GUARD = {
    "python": r"^ +if .*\b(?:is None|is missing|not in \w+)\b.*:$|^ +if not \w+:$|^ +if .* == 0:$",
    "javascript": r"^ +if \(.*(?:null|undefined|-1|!\w+|length === 0)\)", "rust": r"^ +if .*(?:is_empty\(\)|== 0|>= self\.length) \{$",
    "cpp": r"^ +if \(.*(?:nullptr|end\(\)|npos|empty\(\)|has_value\(\)|== 0)\) ", "java": r"^ +if \(.*(?:== null|isEmpty\(\)|< 1)\) ",
}


def missing_guard(code):
    """Nothing looks for null, empty or unknown."""
    for number in code.inside:
        if number in code.heads or not re.match(GUARD[code.language], code.masked[number]):
            continue
        line = code.masked[number].rstrip()
        following = code.lines[number + 1:number + 3]
        if line.endswith(":") and re.match(r"\s+(?:return|raise|continue)\b", following[0]):
            yield code.removed("missing-guard", number, 2)
        elif line.endswith("{") and re.match(r"\s+(?:return|throw|continue)\b", following[0]) and following[1].strip() == "}":
            yield code.removed("missing-guard", number, 3)
        elif line.endswith(";"):
            yield code.removed("missing-guard", number)


# Names of methods as other languages have them.
METHODS = {
    "python": {"append": "push", "strip": "trim", "items": "entries", "add": "push", "get": "find", "quantize": "round", "startswith": "startsWith",
               "weekday": "day", "popitem": "pop_item", "splitlines": "lines", "rstrip": "trimEnd", "isoformat": "toISOString", "reverse": "reversed"},
    "javascript": {"push": "append", "trim": "strip", "startsWith": "startswith", "slice": "sub", "indexOf": "find", "shift": "popleft", "unshift": "prepend",
                   "toUpperCase": "upper", "padStart": "rjust", "forEach": "each", "delete": "remove", "has": "contains", "entries": "items", "pop": "poll"},
    "rust": {"push": "append", "len": "length", "push_str": "append", "is_empty": "empty", "trim": "strip", "to_string": "to_str", "contains_key": "has_key",
             "chars": "characters", "get": "find", "insert": "put", "extend": "add_all", "sort": "sorted", "remove": "delete", "pop_front": "shift"},
    "cpp": {"push_back": "append", "substr": "substring", "size": "length", "empty": "is_empty", "insert": "add", "find": "index_of", "clear": "reset",
            "pop_back": "pop", "back": "last", "value_or": "get_or", "emplace_front": "prepend", "count": "contains_key"},
    "java": {"add": "push_back", "put": "set", "size": "length", "length": "size", "charAt": "at", "isEmpty": "empty", "equals": "equal", "append": "push",
             "containsKey": "has", "substring": "substr", "isBefore": "before", "plusDays": "addDays", "signum": "sign", "get": "at",
             "startsWith": "beginsWith"},
}


def wrong_method(code):
    methods = METHODS[code.language]
    pattern = r"(?<=[.>])(" + "|".join(methods) + r")\b(?=\()"
    yield from replaced("wrong-method", pattern, lambda groups: methods[groups[1]], code)


WRONG_TYPE = {
    "python": [(r"\b(?:str|float|int|Decimal|set|list|sorted)\((\w+(?:\(\w*\))?)\)", r"\1"), (r"(?<== )0$", "None"), (r"= \[\]$", "= {}"),
               (r"= \{\}$", "= []"), (r"= set\(\)$", "= []")],
    "javascript": [(r"\bNumber\((\w+)\)", r"\1"), (r"\bString\(([^()]*)\)(?!\.)", r"\1"), (r"= \{\};", "= null;"), (r"= \[\];", "= {};"),
                   (r"\bnew Map\(\)", "{}"), (r"\?\? \[\]", "?? {}")],
    "rust": [(r" as (?:i64|usize|f64)\b", ""), (r"-> usize\b", "-> i32"), (r": usize\b", ": u32"), (r"\bu64\b(?=[,)])", "u32"), (r"-> bool\b", "-> i32"),
             (r"-> String\b", "-> &'static str"), (r"\.to_string\(\)", ""), (r"= 0\.0;", "= 0;"), (r"Vec::new\(\)", "String::new()")],
    "cpp": [(r"^( +)(?:int|long|std::size_t)(?= \w+ =)", r"\1std::string"), (r"^( +)std::string(?= \w+)", r"\1int"), (r"std::vector<long>(?= \w+\()", "long"),
            (r"std::vector<int>(?= \w+;)", "std::vector<std::string>"), (r"\bstd::to_string\(([\w()]+)\)", r"\1"),
            (r"const std::string\*(?= \w+ =)", "std::string")],
    "java": [(r"^( +)(?:int|long|double)(?= \w+ =)", r"\1String"), (r"^( +)String(?= \w+ =)", r"\1int"), (r"^( +)boolean(?= \w+ =)", r"\1String"),
             (r"(?<=List<)(?:String|K|Cell)(?=> \w+ =)", "Integer"), (r"(?<=Map<)(?:String|Cell)(?=, )", "Long"), (r"(?<=Deque<)\w+(?=> \w+ =)", "Long")],
}


def wrong_type(code):
    yield from any_of("wrong-type", WRONG_TYPE[code.language], code, heads=code.language == "rust")


missing_self = partial(replaced, "missing-self", r"\b(?:self|this)\.(?=\w)", "")
missing_mut = partial(any_of, "missing-mut", [(r"\blet mut\b", "let"), (r"&mut (?=self)", "&"), (r"&mut (?=\w)", "&")], heads=True)
missing_borrow = partial(replaced, "missing-borrow", r"(?<=[(, ])&(?:mut )?(?=[a-z])", "")
missing_clone = partial(any_of, "missing-clone", [(r"\.clone\(\)", ""), (r"\.cloned\(\)", ""), (r"\.copied\(\)", "")])
missing_question_mark = partial(replaced, "missing-question-mark", r"(?<=\))\?(?=[;. )])", "")
missing_dereference = partial(replaced, "missing-dereference", r"(?<=[(, !])\*+(?=[a-z])", "")
unwrapped_result = partial(any_of, "unwrapped-result", [(r"\b(?:Ok|Some)\((\w+)\)$", r"\1"), (r"\breturn (?:Ok|Some)\(([\w.]+)\)", r"return \1")])
missing_qualifier = partial(any_of, "missing-qualifier", [(r"\bstd::(?=\w)", ""), (r"(?<=[a-z])->(?=\w)", ".")])
missing_new = partial(replaced, "missing-new", r"\bnew (?=[A-Z])", "")

GENERAL = (misspelt_name, missing_import, off_by_one, missing_bracket, wrong_method, wrong_operator, wrong_type, missing_guard, swapped_arguments,
           missing_declaration, missing_negation)
OPERATORS = {
    "python": (*GENERAL, missing_colon, missing_self, missing_return),
    "javascript": (*GENERAL, missing_await, missing_self, missing_return, missing_new, missing_brace),
    "rust": (*GENERAL, missing_mut, missing_borrow, missing_clone, missing_question_mark, missing_dereference, unwrapped_result, stray_semicolon),
    "cpp": (*GENERAL, missing_semicolon, missing_qualifier, missing_brace),
    "java": (*GENERAL, missing_semicolon, missing_return, missing_new, missing_brace),
}
