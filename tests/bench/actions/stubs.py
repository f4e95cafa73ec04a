"""Whole functions to be implemented: the tasks of HumanEval and HumanEval-X, put together from the holes of the development sets, and functions of the
benchmark's own programs. Each is a file whose function has a stub for a body, and a way to test it.

The Rust set of HumanEval-X has no signatures, so Rust is only seen in the own programs.
"""
import ast
import gzip
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from faults import correct_text, joined, lay_out
from functions import functions, indentation
from languages import LANGUAGES, TEST_SECONDS
from mutations import masked
from sandbox import run

SETS = {"python": "humaneval_infill_single_line", "javascript": "humanevalx_fim_javascript", "cpp": "humanevalx_fim_cpp", "java": "humanevalx_fim_java"}
FILES = {"python": "solution.py", "javascript": "solution.js", "cpp": "solution.cpp", "java": "Solution.java"}
# What stands for a body that is not written yet. An empty body has no line.
STUBS = {"python": "pass", "javascript": "throw new Error('Not implemented');", "rust": "todo!()", "cpp": None,
         "java": 'throw new UnsupportedOperationException("Not implemented");'}
JAVA_IMPORTS = "import java.util.*;\nimport java.lang.*;\nimport java.util.stream.*;\n"


@dataclass(frozen=True)
class Task:
    id: str
    language: str
    file: str
    # The file with the stub, and the line of the function's head from 1.
    stub: str
    line: int
    # The file as its author wrote it.
    gold: str
    # Of HumanEval: what tests the file. None: the tests of a program of ours.
    test: str | None
    entry_point: str = ""

    def passes(self, text):
        """Whether the tests pass with this text as the file."""
        with tempfile.TemporaryDirectory(prefix="actions-") as name:
            folder = Path(name)
            if self.test is None:
                lay_out(folder, self.language, self.file, text)
                return LANGUAGES[self.language].test(folder, self.file).passed
            (folder / self.file).write_text(text, encoding="utf-8")
            return all(self._step(folder, command) for command in COMMANDS[self.language](self, folder, text))

    def _step(self, folder, command):
        memory = None if self.language in ("java", "javascript") else 2048
        done = run(command, folder, TEST_SECONDS, memory)
        # The last line is printed by the test itself: a program that ends early has not passed.
        return done.code == 0 and (command[0] in COMPILERS or done.output.endswith(f"{PASSED}\n"))


PASSED = "all tests passed"
COMPILERS = ("g++", "javac")


def python_commands(task, folder, text):
    (folder / "main.py").write_text(f"{text}\n{task.test}\ncheck({task.entry_point})\nprint({PASSED!r})\n", encoding="utf-8")
    return [["python3", "-I", "-B", "main.py"]]


def javascript_commands(task, folder, text):
    # `console.assert` only prints.
    (folder / "main.js").write_text(f"console.assert = require('node:assert');\n{text}\n{task.test}\nconsole.log('{PASSED}');\n", encoding="utf-8")
    return [["node", "--max-old-space-size=256", "main.js"]]


def cpp_commands(task, folder, _text):
    test = re.sub(r"\}\s*$", f'    puts("{PASSED}");\n}}\n', task.test)
    (folder / "main.cpp").write_text(f'#include "{task.file}"\n#include <cstdio>\n{test}', encoding="utf-8")
    return [["g++", "-std=c++17", "-w", "main.cpp", "-o", "main"], ["./main"]]


def java_commands(task, folder, _text):
    test = re.sub(r"\}\s*\}\s*$", f'    System.out.println("{PASSED}");\n    }}\n}}\n', task.test)
    (folder / "Main.java").write_text(JAVA_IMPORTS + test, encoding="utf-8")
    return [["javac", "-J-Xmx512m", "-nowarn", "Main.java", task.file], ["java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", ".", "Main"]]


COMMANDS = {"python": python_commands, "javascript": javascript_commands, "cpp": cpp_commands, "java": java_commands}


def humaneval(language, data):
    """One task for each problem of a set; those whose function is not found are left out."""
    path = data / f"{SETS[language]}.jsonl.gz"
    if not path.exists():
        return []
    tasks = {}
    with gzip.open(path, "rt", encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            if row["group"] in tasks:
                continue
            gold = row["prompt"] + row["canonical"] + row["suffix"]
            find = stubbed_python if language == "python" else stubbed_braces
            found = find(gold, row["entry_point"] if language == "python" else row["test"], language)
            if found:
                test = row.get("test_setup", "") + row["test"] if language != "java" else row["test"]
                tasks[row["group"]] = Task(f"{row['group']}/{language}", language, FILES[language], *found, gold, test, row["entry_point"])
    return list(tasks.values())


def stubbed_python(text, name, _language):
    """The text with the body of a function stubbed, but its docstring, and the line of its head."""
    function = next((node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name), None)
    if function is None:
        return None
    lines = text.splitlines()
    documented = ast.get_docstring(function) is not None
    kept = function.body[0].end_lineno if documented else function.body[0].lineno - 1
    stub = " " * function.body[0].col_offset + STUBS["python"]
    return joined([*lines[:kept], stub, *lines[function.end_lineno:]]), function.lineno


def stubbed_braces(text, test, language):
    """The same for languages with braces: of the outermost functions the last that the test calls."""
    lines = text.splitlines()
    outer = "    " if language == "java" else ""
    head = re.compile(rf"^{outer}(?:(?:const|let|var) (\w+) = .*|[\w].*?\b(\w+)\s*\(.*)$")
    for first in range(len(lines) - 1, -1, -1):
        match = head.match(lines[first])
        name = match and (match.group(1) or match.group(2))
        if not name or not re.search(rf"\b{name}\s*\(", test) or lines[first].rstrip().endswith(";"):
            continue
        found = braces(lines, first, language)
        if found:
            opened, last = found
            return joined([*lines[:opened], *stub_lines(lines[opened], language), *lines[last + 1:]]), first + 1
    return None


def braces(lines, first, language):
    """The lines of the brace that opens the body of a function, and of the one that closes it."""
    depth, opened = 0, None
    for number in range(first, len(lines)):
        for char in masked(lines[number], language):
            if char == "{":
                opened = number if opened is None else opened
                depth += 1
            elif char == "}":
                depth -= 1
        if opened is not None and depth == 0:
            return (opened, number) if number > opened and lines[opened].rstrip().endswith("{") else None
    return None


def stub_lines(opening, language):
    """The body that replaces everything from the line of the opening brace on."""
    margin = " " * indentation(opening)
    step = "  " if language == "javascript" else "    "
    return [opening, *([margin + step + STUBS[language]] if STUBS[language] else []), margin + "}"]


def own(language):
    """The longest documented function of each program of ours."""
    tasks = []
    for program in LANGUAGES[language].programs():
        gold = correct_text(language, program)
        lines = gold.splitlines()
        candidates = [function for function in functions(lines, language) if is_documented(lines, function, language)]
        if not candidates:
            continue
        first, last, _ = max(candidates, key=lambda function: function[1] - function[0])
        if language == "python":
            body = [" " * (indentation(lines[first]) + 4) + STUBS["python"]]
            stub = [*lines[:first + 2], *body, *lines[last + 1:]]
        else:
            stub = [*lines[:first], *stub_lines(lines[first], language), *lines[last + 1:]]
        tasks.append(Task(f"{language}/{program}", language, program, joined(stub), first + 1, gold, None))
    return tasks


def is_documented(lines, function, language):
    first, last, _ = function
    if last - first < 4:
        return False
    if language == "python":
        return lines[first + 1].strip().startswith('"""') and lines[first + 1].strip().endswith('"""')
    return lines[first - 1].strip().startswith(("//", "/**")) and lines[first].rstrip().endswith("{")
