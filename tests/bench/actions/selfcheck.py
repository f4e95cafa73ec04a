"""Whether the benchmark counts as it should: programs that stand in for tacit, each with a known end."""
import sys
import tempfile
from pathlib import Path

# How each begins: what it was asked, the file as it is, and as it should be.
PREAMBLE = """#!{python}
import json, sys
from pathlib import Path
file, line = Path(sys.argv[2]), int(sys.argv[sys.argv.index("--line") + 1])
broken = file.read_text()
lines = broken.splitlines(keepends=True)
correct = next(Path({programs!r}).glob("*/" + file.name)).read_text()

def answer(text, first, last):
    file.write_text(text)
    print(json.dumps({{"changed": True, "range": {{"start_line": first, "end_line": last}}, "attempts": 1, "tokens_generated": 1, "total_ms": 1}}))
"""
STAND_INS = {
    # Undoes the mutation.
    "right": "answer(correct, 1, len(lines))",
    # Refuses.
    "idle": 'print(json.dumps({"changed": False, "reason": "nothing to say"}))\nprint("nothing to say", file=sys.stderr)\nsys.exit(1)',
    # Writes what is no program in any of the languages.
    "breaking": 'lines[line - 1] = "}} ) not code (\\n"\nanswer("".join(lines), line, line)',
    # Mends, but says that it has only touched the last line.
    "straying": "answer(correct, len(lines) + 1, len(lines) + 1)",
    # Dies.
    "dying": "sys.exit(101)",
}


def problems(options, broken, stubs, total_of):
    """Asks the stand-ins for one fix and one body in each language, and tells what is counted wrongly. `total_of` asks as the options say, and gives the
    last row of the table."""
    fixes = list({fault.language: fault for fault in broken if fault.stage != "compile"}.values())
    bodies = list({task.language: task for task in stubs}.values())
    found = []
    with tempfile.TemporaryDirectory(prefix="actions-") as name:
        for stand_in, body in STAND_INS.items():
            program = Path(name) / stand_in
            preamble = PREAMBLE.format(python=sys.executable, programs=str(Path(__file__).with_name("programs")))
            program.write_text(preamble + body + "\n")
            program.chmod(0o755)
            options.tacit, options.out, options.models, options.without = str(program), Path(name) / f"{stand_in}-answers", [None], []
            for kind, cases in (("fix", fixes), ("implement", bodies)):
                tests_before = sum(bool(fault.passed) for fault in fixes) if kind == "fix" else 0
                total = total_of(kind, cases)
                counted = {key: total[key] for key in ("fixed", "harmless", "wrong", "tests_broken", "outside", "failed") if total[key]}
                if cases and counted != expected(stand_in, len(cases), tests_before):
                    found.append(f"{kind} by the stand-in {stand_in} was counted as {counted}, not {expected(stand_in, len(cases), tests_before)}")
    return found


def expected(stand_in, count, tests_before):
    """The figures of a stand-in, without those that are zero."""
    figures = {
        "right": {"fixed": count}, "idle": {"harmless": count}, "breaking": {"wrong": count, "tests_broken": tests_before},
        "straying": {"fixed": count, "outside": count}, "dying": {"harmless": count, "failed": count},
    }[stand_in]
    return {key: value for key, value in figures.items() if value}
