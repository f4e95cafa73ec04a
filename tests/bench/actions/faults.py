"""The faults of the benchmark: which mutation of which program, and what is said of it. `faults.jsonl` holds them; `make` makes it again."""
import hashlib
import json
import shutil
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from functions import enclosing
from languages import LANGUAGES, Diagnostic
from mutations import OPERATORS, Code, Mutation

FAULTS = Path(__file__).with_name("faults.jsonl")
# Mutations that the tests do not notice, or of which nothing can be said, cost a compilation each.
TRIES = 60


@dataclass(frozen=True)
class Fault:
    id: str
    language: str
    program: str
    # Lines from 0.
    mutation: Mutation
    diagnostic: Diagnostic
    stage: str
    # Tests that pass although the program is broken.
    passed: tuple[str, ...]

    def text(self):
        """The broken program."""
        correct = correct_text(self.language, self.program)
        lines = correct.splitlines()
        before = list(self.mutation.before)
        if lines[self.mutation.line:self.mutation.line + len(before)] != before:
            raise ValueError(f"{self.id}: {self.program} has changed; make the faults again")
        return joined(self.mutation.apply(lines))

    def to_json(self):
        mutation = self.mutation
        return {
            "id": self.id, "language": self.language, "program": self.program, "operator": mutation.operator, "line": mutation.line + 1,
            "before": list(mutation.before), "after": list(mutation.after), "stage": self.stage, "diagnostic": asdict(self.diagnostic),
            "passed": list(self.passed),
        }

    @classmethod
    def from_json(cls, row):
        mutation = Mutation(row["operator"], row["line"] - 1, tuple(row["before"]), tuple(row["after"]))
        return cls(row["id"], row["language"], row["program"], mutation, Diagnostic(**row["diagnostic"]), row["stage"], tuple(row["passed"]))


def read_faults(path=FAULTS):
    return [Fault.from_json(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def correct_text(language, program):
    return (LANGUAGES[language].folder / program).read_text(encoding="utf-8")


def joined(lines):
    return "\n".join(lines) + "\n"


def lay_out(folder, language, program, text):
    """The program with its tests, as in a project of its own."""
    for name in LANGUAGES[language].files_of(program):
        shutil.copy(LANGUAGES[language].folder / name, folder / name)
    (folder / program).write_text(text, encoding="utf-8", newline="")


def outcome_of(language, program, text):
    """Compiles and tests a text in place of the program."""
    with tempfile.TemporaryDirectory(prefix="actions-") as folder:
        lay_out(Path(folder), language, program, text)
        return LANGUAGES[language].test(Path(folder), program)


def shuffled(things, seed):
    """A fixed order that has nothing to do with that of the text."""
    return sorted(things, key=lambda thing: hashlib.sha256(f"{seed}:{thing}".encode()).digest())


def placed(diagnostic, code, mutation, broken):
    """The diagnostic with a line. A failing test names none: it is shown at the head of the function that is at fault, where its user would look. Else
    None, if the line is in another function than the fault: an action there could not mend it."""
    at_fault = enclosing(broken, code.language, min(mutation.line, len(broken) - 1))
    if diagnostic.line is None:
        return at_fault and Diagnostic(at_fault[0] + 1, diagnostic.message, diagnostic.code, diagnostic.source)
    if mutation.operator == "missing-import":
        return diagnostic
    # A missing bracket changes what looks like a function, so the correct program tells.
    line = min(diagnostic.line - 1, len(code.lines) - 1)
    correct_line = line + len(mutation.before) - len(mutation.after) if line > mutation.line else line
    function = enclosing(code.lines, code.language, mutation.line)
    return diagnostic if function and function[0] <= correct_line <= function[1] else None


def offers(language):
    """How many programs of a language each operator finds places in."""
    codes = [Code(correct_text(language, program), language) for program in LANGUAGES[language].programs()]
    return {operator_name(operator): sum(any(operator(code)) for code in codes) for operator in OPERATORS[language]}


def faults_of(language, program, count, used, offered, say):
    """So many faults of a program, each by another operator and in another function. Operators that were seldom used before come first, of those the
    ones that few programs offer."""
    text = correct_text(language, program)
    code = Code(text, language)
    if not outcome_of(language, program, text).passed:
        raise SystemExit(f"actions: the tests of {program} fail on the correct program")
    found = []
    tries = 0
    operators = {operator_name(operator): operator for operator in OPERATORS[language]}
    for name in sorted(shuffled(operators, program), key=lambda name: (used[name], offered[name])):
        places = shuffled(dict.fromkeys(operators[name](code)), program)
        for mutation in places[:6]:
            functions_used = {enclosing(code.lines, language, fault.mutation.line) for fault in found}
            if len(found) == count or tries == TRIES:
                return found
            if enclosing(code.lines, language, mutation.line) in functions_used:
                continue
            tries += 1
            broken = mutation.apply(code.lines)
            outcome = outcome_of(language, program, joined(broken))
            diagnostic = outcome.diagnostic and placed(outcome.diagnostic, code, mutation, broken)
            if diagnostic is None:
                continue
            identifier = f"{language}/{Path(program).stem}-{len(found) + 1}"
            passed = tuple(test for test, result in outcome.tests.items() if result)
            found.append(Fault(identifier, language, program, mutation, diagnostic, outcome.stage, passed))
            used[name] += 1
            say(f"{identifier}: {mutation.operator}, {diagnostic.line}: {diagnostic.message[:100]}")
            break
    return found


def operator_name(operator):
    """Of a function, or of one that was made by `partial`."""
    return operator.__name__.replace("_", "-") if hasattr(operator, "__name__") else operator.args[0]


def make(languages, per_program, say):
    """All faults of some languages."""
    faults = []
    for language in languages:
        used, offered = Counter(), offers(language)
        for program in LANGUAGES[language].programs():
            faults += faults_of(language, program, per_program, used, offered, say)
    return faults


def check(fault):
    """What is wrong with a recorded fault; None if nothing is."""
    try:
        broken = fault.text()
    except ValueError as error:
        return str(error)
    outcome = outcome_of(fault.language, fault.program, broken)
    if outcome.stage != fault.stage:
        return f"{fault.id}: {outcome.stage}, not {fault.stage}"
    said = outcome.diagnostic.message if outcome.diagnostic else None
    if said != fault.diagnostic.message:
        return f"{fault.id}: the message is now {said!r}, not {fault.diagnostic.message!r}"
    return None
