"""How the programs of each language are compiled and tested, and what their compilers, interpreters and tests say.

A program `NAME` has tests beside it. What is said of a fault becomes one `Diagnostic` in the program, as an editor would show it: the first error of the
compiler, else where the program threw, else the message of the first failing test at the function that the caller names.
"""
import json
import re
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import run

PROGRAMS = Path(__file__).with_name("programs")
COMPILE_SECONDS, TEST_SECONDS = 60, 20
MEMORY_MIB = 2048


@dataclass(frozen=True)
class Diagnostic:
    # From 1; None for a failing test that names no line of the program.
    line: int | None
    message: str
    code: str | None = None
    source: str | None = None


@dataclass
class Outcome:
    """What came of compiling and testing a program."""
    # `compile`, `run` (the program threw), `test` (a test found a wrong result), `time` or `passed`.
    stage: str
    diagnostic: Diagnostic | None = None
    # Name of each test that ran, and whether it passed.
    tests: dict[str, bool] = field(default_factory=dict)

    @property
    def passed(self):
        return self.stage == "passed"


@dataclass(frozen=True)
class Language:
    name: str
    suffix: str
    # What has to be on PATH.
    tools: tuple[str, ...]
    # How to ask each tool for its version.
    version: tuple[str, ...]
    # Of the file with the tests.
    test_name: str
    # Files that the tests of all programs need.
    support: tuple[str, ...]
    judge: object

    @property
    def folder(self):
        return PROGRAMS / self.name

    def missing(self):
        return [tool for tool in self.tools if shutil.which(tool) is None]

    def tests_of(self, program):
        return self.test_name.format(Path(program).stem)

    def programs(self):
        tests = {self.tests_of(path.name) for path in self.folder.glob(f"*{self.suffix}")}
        return sorted(path.name for path in self.folder.glob(f"*{self.suffix}") if path.name not in tests | set(self.support))

    def files_of(self, program):
        """Everything but the program itself."""
        return [self.tests_of(program), *self.support]

    def test(self, folder, program):
        """Compiles and tests the program in a folder."""
        return self.judge(folder, program, self.tests_of(program))


def one_line(text):
    return " ".join(text.split())


def crashed(done, source, program):
    """Of a compiled program or virtual machine that did not end by itself."""
    if done.timed_out or done.code == -signal.SIGXCPU:
        return Outcome("time")
    running = re.search(r"^test (\S+) \.\.\. (?!ok|FAILED)", done.output, re.M)
    name = running.group(1) if running else program
    how = f"killed by {signal.Signals(-done.code).name}" if done.code < 0 else f"exit status {done.code}"
    return Outcome("test", Diagnostic(None, f"{name}: {how}", source=source), outcomes(done.output))


def outcomes(output):
    """Of lines like `test NAME ... ok`, as libtest, `check.hpp` and `Check.java` print them."""
    return {name: result == "ok" for name, result in re.findall(r"^test (\S+) \.\.\. (ok|FAILED)", output, re.M)}


# ------------------------------------------------------------------------------------------------------------------------------ Python

TRACEBACK = "Traceback (most recent call last):"


def judge_python(folder, program, tests):
    done = run(["python3", "-m", "unittest", "-v", Path(tests).stem], folder, TEST_SECONDS, MEMORY_MIB)
    results = {name: result == "ok" for name, result in re.findall(r"^(test_\w+) \(.*?\)(?:\n.*?)? \.\.\. (ok|FAIL|ERROR)$", done.errors, re.M)}
    if done.timed_out:
        return Outcome("time", tests=results)
    if done.code == 0 and results:
        return Outcome("passed", tests=results)
    failed = re.search(r"^(?:FAIL|ERROR): (\S+)", done.errors, re.M)
    # Of the first failing test, up to the ruler before the next; of exceptions that led to others the last.
    traces = done.errors[max(done.errors.find(TRACEBACK), 0):]
    trace = re.split(r"\n\n(?:=|-){20}", traces, maxsplit=1)[0].rpartition(TRACEBACK)[2]
    lines = [int(line) for line in re.findall(rf'^  File ".*?{re.escape(program)}", line (\d+)', trace, re.M)]
    error = re.search(r"^\w.*", trace, re.M | re.S)
    message = one_line(error.group(0) if error else trace[-300:])
    if message.startswith(("SyntaxError", "IndentationError", "TabError")):
        return Outcome("compile", Diagnostic(lines[-1] if lines else None, message, source="python"))
    if lines and not message.startswith("AssertionError"):
        return Outcome("run", Diagnostic(lines[-1], message, source="python"), results)
    name = failed.group(1) if failed else tests
    return Outcome("test", Diagnostic(None, f"{name}: {message}", source="unittest"), results)


# -------------------------------------------------------------------------------------------------------------------------- JavaScript

def judge_javascript(folder, program, tests):
    done = run(["node", "--max-old-space-size=256", "--test-reporter=tap", tests], folder, TEST_SECONDS)
    blocks = re.findall(r"^(not ok|ok) \d+ - (.*?)\n(.*?)(?=^(?:not ok|ok|# Subtest|1\.\.)|\Z)", done.output, re.M | re.S)
    results = {name: result == "ok" for result, name, _ in blocks}
    if done.timed_out:
        return Outcome("time", tests=results)
    if done.code == 0 and results:
        return Outcome("passed", tests=results)
    if not results:
        line = re.search(rf"{re.escape(program)}:(\d+)", done.errors)
        error = re.search(r"^(\w*Error.*)$", done.errors, re.M)
        message = error.group(1) if error else one_line(done.errors)[:300]
        stage = "compile" if message.startswith("SyntaxError") else "run"
        return Outcome(stage, Diagnostic(int(line.group(1)) if line else None, message, source="node"))
    name, detail = next((name, detail) for result, name, detail in blocks if result != "ok")
    error = re.search(r"^  error: (?:'(.*?)'$|\"(.*?)\"$|\|-\n(.*?)(?=^  \w+:))", detail, re.M | re.S)
    message = one_line(next((group for group in error.groups() if group), "")) if error else ""
    kind = re.search(r"^  name: '(\w+)'", detail, re.M)
    code = re.search(r"^  code: '(\w+)'", detail, re.M)
    line = re.search(rf"{re.escape(program)}:(\d+)", detail)
    if "ERR_ASSERTION" in detail or not line:
        return Outcome("test", Diagnostic(None, f"{name}: {message}", code.group(1) if code else None, "node:test"), results)
    return Outcome("run", Diagnostic(int(line.group(1)), f"{kind.group(1)}: {message}" if kind else message, source="node"), results)


# ------------------------------------------------------------------------------------------------------------------------------ Rust

def rust_error(errors, program):
    for line in errors.splitlines():
        if not line.startswith("{"):
            continue
        said = json.loads(line)
        if said.get("level") != "error":
            continue
        for span in said["spans"]:
            if span["is_primary"] and span["file_name"] == program:
                label = f": {span['label']}" if span["label"] and span["label"] not in said["message"] else ""
                code = said["code"]["code"] if said["code"] else None
                return Diagnostic(span["line_start"], one_line(said["message"] + label), code, "rustc")
    return None


def judge_rust(folder, program, tests):
    command = ["rustc", "--edition", "2021", "-A", "warnings", "--error-format", "json", "--test", tests, "-o", "tests"]
    compiled = run(command, folder, COMPILE_SECONDS)
    if compiled.code:
        return Outcome("compile", rust_error(compiled.errors, program))
    done = run(["./tests", "--test-threads", "1"], folder, TEST_SECONDS, MEMORY_MIB)
    results = outcomes(done.output)
    if done.timed_out:
        return Outcome("time", tests=results)
    if done.code == 0 and results:
        return Outcome("passed", tests=results)
    panic = re.search(r"thread '(.*?)'.*? panicked at (\S+?):(\d+):\d+:\n(.*?)(?=\nnote:|\n\n|\Z)", done.output, re.S)
    if not panic:
        return crashed(done, "libtest", program)
    name, file, line, message = panic.groups()
    if file == program:
        return Outcome("run", Diagnostic(int(line), f"panicked: {one_line(message)}", source="libtest"), results)
    return Outcome("test", Diagnostic(None, f"{name}: {one_line(message)}", source="libtest"), results)


# ------------------------------------------------------------------------------------------------------------------------------- C++

def judge_cpp(folder, program, tests):
    compiled = run(["g++", "-std=c++17", "-w", "-fno-diagnostics-show-caret", "-D_GLIBCXX_ASSERTIONS", tests, "-o", "tests"], folder, COMPILE_SECONDS)
    if compiled.code:
        error = re.search(rf"^{re.escape(program)}:(\d+):\d+: (?:fatal )?error: (.*)$", compiled.errors, re.M)
        return Outcome("compile", Diagnostic(int(error.group(1)), error.group(2), source="g++") if error else None)
    done = run(["./tests"], folder, TEST_SECONDS, MEMORY_MIB)
    results = outcomes(done.output)
    if done.timed_out:
        return Outcome("time", tests=results)
    if done.code == 0 and results:
        return Outcome("passed", tests=results)
    failed = re.search(r"^test (\w+: .*)$", done.errors, re.M)
    if not failed:
        return crashed(done, "tests", program)
    return Outcome("test", Diagnostic(None, failed.group(1), source="tests"), results)


# ------------------------------------------------------------------------------------------------------------------------------ Java

def judge_java(folder, program, tests):
    javac = ["javac", "-J-Xmx512m", "-J-XX:TieredStopAtLevel=1", "-nowarn", "-g", "-d", "classes"]
    compiled = run([*javac, program, tests, "Check.java"], folder, COMPILE_SECONDS)
    if compiled.code:
        details = r"((?:  (?:symbol|location|required|found|reason): .*\n)*)"
        error = re.search(rf"^{re.escape(program)}:(\d+): error: (.*)\n.*\n.*\n{details}", compiled.errors, re.M)
        said = error and Diagnostic(int(error.group(1)), one_line(f"{error.group(2)} {error.group(3)}"), source="javac")
        return Outcome("compile", said)
    command = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", "classes", Path(tests).stem]
    done = run(command, folder, TEST_SECONDS)
    results = outcomes(done.output)
    if done.timed_out:
        return Outcome("time", tests=results)
    if done.code == 0 and results:
        return Outcome("passed", tests=results)
    failed = re.search(r"^test (\w+)\n(.*?)\n((?:\tat .*\n?)+)", done.errors, re.M | re.S)
    if not failed:
        return crashed(done, "java", program)
    name, message, frames = failed.groups()
    line = re.search(rf"\({re.escape(program)}:(\d+)\)", frames)
    if message.startswith("java.lang.AssertionError") or not line:
        words = one_line(message).removeprefix("java.lang.AssertionError: ")
        return Outcome("test", Diagnostic(None, f"{name}: {words}", source="tests"), results)
    return Outcome("run", Diagnostic(int(line.group(1)), one_line(message), source="java"), results)


LANGUAGES = {language.name: language for language in (
    Language("python", ".py", ("python3",), ("python3", "--version"), "{}_test.py", (), judge_python),
    Language("javascript", ".js", ("node",), ("node", "--version"), "{}.test.js", (), judge_javascript),
    Language("rust", ".rs", ("rustc",), ("rustc", "--version"), "{}_test.rs", (), judge_rust),
    Language("cpp", ".cpp", ("g++",), ("g++", "-dumpfullversion"), "{}_test.cpp", ("check.hpp",), judge_cpp),
    Language("java", ".java", ("javac", "java"), ("javac", "-version"), "{}Test.java", ("Check.java",), judge_java),
)}
