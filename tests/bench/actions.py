#!/usr/bin/env python3
"""How often tacit's code actions are right, and how often they do harm: real faults to fix, and stubs to implement.

  actions.py fix        asks for the fix of each recorded fault, then compiles the program and runs its tests
  actions.py implement  stubs functions that have tests, and asks for their bodies
  actions.py make       makes `actions/faults.jsonl` again: mutates the programs in `actions/programs`, and records what compilers and tests say
  actions.py check      looks whether the correct programs pass, the faults are what the file says, and this benchmark counts as it should

Languages whose tools are not on PATH are left out, and said so. Standard library only. Programs that a model has changed are run, in temporary folders, in
processes with limits. Answers are kept in the folder of --out and not asked for again, unless the program or the fault is another.
"""
import argparse
import hashlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("actions")))

import faults
import stubs
from languages import LANGUAGES
from paired import discordant, mcnemar
from servers import Home

REPOSITORY = Path(__file__).resolve().parents[2]
# What `tacit fix` can leave out.
SWITCHES = ("context", "checks")
ALL = "all"
FIXED, HARMLESS, WRONG = "fixed", "harmless", "wrong"
# `tacit` answers, refuses or fails within this; a slow machine loads a model meanwhile.
ANSWER_SECONDS = 600
FAULTS_PER_PROGRAM = 2


def say(text):
    print(f"actions: {text}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------------------------------------------------- asking

class Tacit:
    """The program, in folders of its own, with the engine that it starts."""

    def __init__(self, options):
        self.program = options.tacit
        # A rebuilt program gives other answers.
        self.digest = hashlib.sha256(Path(self.program).read_bytes()).hexdigest()[:16]

    def __enter__(self):
        self.home = Home(os.environ.get("TACIT_CPU"))
        return self

    def __exit__(self, *_):
        end_processes_of(self.home.folder)
        self.home.__exit__()

    def ask(self, arguments, folder):
        """How one action ended: exit status, its JSON (empty where it printed none), its last words, and seconds."""
        started = time.monotonic()
        # Files, not pipes: an engine that holds on to the pipes would be waited for.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            try:
                done = subprocess.run([self.program, *arguments], cwd=folder, env=self.home.environment, stdin=subprocess.DEVNULL, stdout=output,
                                      stderr=errors, timeout=ANSWER_SECONDS)
            except subprocess.TimeoutExpired:
                return None, {}, "no answer in time", ANSWER_SECONDS
            seconds = time.monotonic() - started
            output.seek(0)
            errors.seek(0)
            words = errors.read().decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
            try:
                answer = json.loads(output.read())
            except ValueError:
                answer = {}
        return done.returncode, answer if isinstance(answer, dict) else {}, words[0], seconds


def end_processes_of(folder):
    """Ends what was started with the folder in its environment: the engine outlives the commands that use it."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGTERM)
        except OSError:
            continue


def within(before, after, ranges):
    """Whether all that differs lies in lines that the answer names. None where it names none."""
    if not ranges:
        return None
    lines = before.splitlines(keepends=True)
    kept, start = [], 0
    for item in sorted(ranges, key=lambda item: item["start_line"]):
        kept.append("".join(lines[start:item["start_line"] - 1]))
        start = item["end_line"]
    first, *middle = kept
    last = "".join(lines[start:])
    # A file without a final line end may have one now, and the reverse.
    after_end = after if after.endswith(last) else after + "\n"
    if not after.startswith(first) or not after_end.endswith(last) or len(first) + len(last) > len(after_end):
        return False
    position = len(first)
    for part in middle:
        position = after.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return True


def ranges_of(answer):
    named = answer.get("range")
    return named if isinstance(named, list) else [named] if named else []


# ----------------------------------------------------------------------------------------------------------------------------- fixing

def options_of(model, variant):
    """Of the command line, for a model and what is left out."""
    chosen = ["--model", model] if model else []
    return chosen + ([f"--{variant}"] if variant != ALL else [])


def fix(tacit, fault, model, variant):
    """Asks for the fix of one fault and judges it."""
    broken = fault.text()
    with tempfile.TemporaryDirectory(prefix="actions-") as name:
        folder = Path(name)
        faults.lay_out(folder, fault.language, fault.program, broken)
        others = contents(folder, fault.program)
        said = fault.diagnostic
        command = ["fix", fault.program, "--line", str(said.line), f"--message={said.message}", "--write", "--json"]
        command += ["--code", said.code] if said.code else []
        status, answer, words, seconds = tacit.ask(command + options_of(model, variant), folder)
        after = (folder / fault.program).read_bytes().decode("utf-8", "replace")
        elsewhere = contents(folder, fault.program) != others
    result = {"id": fault.id, "seconds": seconds, "status": status, "reason": answer.get("reason") or words, "tests_broken": [], "outside": False,
              "answer": {key: answer.get(key) for key in ("attempts", "tokens_generated", "total_ms")}}
    if after == broken and not elsewhere:
        return result | {"outcome": HARMLESS, "failed": status not in (0, 1)}
    outcome = faults.outcome_of(fault.language, fault.program, after)
    inside = within(broken, after, ranges_of(answer))
    result |= {"outcome": FIXED if outcome.passed else WRONG, "failed": status not in (0, 1), "after": after, "stage": outcome.stage,
               "outside": elsewhere or inside is False, "range_is_known": inside is not None,
               "tests_broken": [test for test in fault.passed if not outcome.tests.get(test)]}
    return result


def contents(folder, but):
    """Every file of a folder but one."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != but}


def implement(tacit, task, model, variant):
    """Asks for the body of one stub and runs its tests."""
    with tempfile.TemporaryDirectory(prefix="actions-") as name:
        folder = Path(name)
        if task.test is None:
            faults.lay_out(folder, task.language, task.file, task.stub)
        else:
            (folder / task.file).write_text(task.stub, encoding="utf-8")
        command = ["implement", task.file, "--line", str(task.line), "--write", "--json"]
        status, answer, words, seconds = tacit.ask(command + options_of(model, variant), folder)
        after = (folder / task.file).read_bytes().decode("utf-8", "replace")
    result = {"id": task.id, "seconds": seconds, "status": status, "reason": answer.get("reason") or words, "tests_broken": [],
              "outside": within(task.stub, after, ranges_of(answer)) is False, "failed": status not in (0, 1)}
    if after == task.stub:
        return result | {"outcome": HARMLESS}
    return result | {"outcome": FIXED if task.passes(after) else WRONG, "after": after}


def asked(options, cases, act, kind):
    """Every case with every model and variant: the results by `(model, variant)`, in the order of the cases."""
    if not cases:
        sys.exit("actions: there is nothing to ask for")
    options.out.mkdir(parents=True, exist_ok=True)
    results = {}
    with Tacit(options) as tacit:
        for model in options.models:
            for variant in [ALL, *(f"without-{switch}" for switch in options.without)]:
                path = options.out / f"{kind}-{model or 'default'}-{variant}.jsonl"
                known = kept(path)
                rows = []
                with open(path, "a", encoding="utf-8") as file:
                    for number, case in enumerate(cases, 1):
                        made_of = hashlib.sha256(f"{tacit.digest} {case}".encode()).hexdigest()[:16]
                        row = known.get(made_of)
                        if row is None:
                            row = act(tacit, case, model, variant) | {"made_of": made_of}
                            file.write(json.dumps(row, ensure_ascii=False) + "\n")
                            file.flush()
                        rows.append(row | {"language": case.language})
                        say(f"{model or 'default'}, {variant}, {number}/{len(cases)}: {case.id} {row['outcome']}")
                results[model, variant] = rows
    return results


def kept(path):
    if not path.exists():
        return {}
    return {row["made_of"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


# ---------------------------------------------------------------------------------------------------------------------------- figures

COLUMNS = ("model", "variant", "language", "cases", "fixed", "%", "harmless", "wrong", "wrong/fixed", "tests broken", "outside", "failed", "seconds", "p")


def figures(results):
    """Rows of the table: each language and all together, for each model and variant. `p` compares a variant to everything on (McNemar's exact test)."""
    rows = []
    for (model, variant), judged in results.items():
        languages = sorted({row["language"] for row in judged}, key=list(LANGUAGES).index)
        for language in [*languages, "all"]:
            chosen = [row for row in judged if language in (row["language"], "all")]
            count = {outcome: sum(row["outcome"] == outcome for row in chosen) for outcome in (FIXED, HARMLESS, WRONG)}
            row = {"model": model or "default", "variant": variant, "language": language, "cases": len(chosen), **count,
                   "tests_broken": sum(bool(row["tests_broken"]) for row in chosen), "outside": sum(row["outside"] for row in chosen),
                   "failed": sum(row["failed"] for row in chosen), "seconds": statistics.median(row["seconds"] for row in chosen)}
            if variant != ALL and (model, ALL) in results:
                everything = {row["id"]: row["outcome"] == FIXED for row in results[model, ALL] if language in (row["language"], "all")}
                row["p"] = mcnemar(*discordant(everything, {row["id"]: row["outcome"] == FIXED for row in chosen}))
            rows.append(row)
    return rows


def text_table(rows, fixed="fixed"):
    lines = [[fixed if column == "fixed" else column for column in COLUMNS]]
    for row in rows:
        ratio = f"{row[WRONG] / row[FIXED]:.2f}" if row[FIXED] else "-"
        lines.append([row["model"], row["variant"], row["language"], str(row["cases"]), str(row[FIXED]), f"{100 * row[FIXED] / row['cases']:.1f}",
                      str(row[HARMLESS]), str(row[WRONG]), ratio, str(row["tests_broken"]), str(row["outside"]), str(row["failed"]),
                      f"{row['seconds']:.1f}", f"{row['p']:.3f}" if "p" in row else "-"])
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(cell.ljust(width) if column < 3 else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths)))
                     for line in lines)


def report(options, results, kind):
    rows = figures(results)
    (options.out / f"{kind}.json").write_text(json.dumps(rows, indent=1))
    print(text_table(rows, "passed" if kind == "implement" else "fixed"))
    print(f"answers and figures: {options.out}")
    return rows


# --------------------------------------------------------------------------------------------------------------------------- commands

def at_hand(options):
    """The languages that are asked for and can be run here."""
    chosen = []
    for name in options.only or LANGUAGES:
        missing = LANGUAGES[name].missing()
        if missing:
            print(f"skipped {name}: {', '.join(missing)} is not on PATH", flush=True)
        else:
            chosen.append(name)
    return chosen


def limited(cases, options):
    """So many of each language, at equal distances."""
    if not options.limit:
        return cases
    chosen = []
    for language in dict.fromkeys(case.language for case in cases):
        of_language = [case for case in cases if case.language == language]
        count = min(options.limit, len(of_language))
        chosen += [of_language[index * len(of_language) // count] for index in range(count)]
    return chosen


def recorded(options):
    languages = at_hand(options)
    return limited([fault for fault in faults.read_faults(options.faults) if fault.language in languages], options)


def run_fix(options):
    report(options, asked(options, recorded(options), fix, "fix"), "fix")


def tasks_of(options):
    tasks = []
    for language in at_hand(options):
        if "humaneval" in options.sets and language in stubs.SETS:
            found = stubs.humaneval(language, options.data)
            if not found:
                print(f"skipped HumanEval in {language}: {stubs.SETS[language]}.jsonl.gz is not in {options.data}", flush=True)
            tasks += found
        if "own" in options.sets:
            tasks += stubs.own(language)
    return limited(tasks, options)


def run_implement(options):
    tasks = {task.id: task for task in tasks_of(options)}
    results = asked(options, list(tasks.values()), implement, "implement")
    # A task whose own solution fails here (a package that is not installed) says nothing.
    failed = {row["id"] for rows in results.values() for row in rows if row["outcome"] != FIXED}
    broken = {identifier for identifier in failed if not tasks[identifier].passes(tasks[identifier].gold)}
    for identifier in sorted(broken):
        print(f"left out {identifier}: its own solution fails here")
    report(options, {key: [row for row in rows if row["id"] not in broken] for key, rows in results.items()}, "implement")


def run_make(options):
    languages = at_hand(options)
    # Faults of languages that can't be run here stay.
    old = [fault for fault in faults.read_faults() if fault.language not in languages] if faults.FAULTS.exists() else []
    new = faults.make(languages, FAULTS_PER_PROGRAM, say)
    order = list(LANGUAGES)
    made = sorted([*old, *new], key=lambda fault: (order.index(fault.language), fault.id))
    faults.FAULTS.write_text("".join(json.dumps(fault.to_json(), ensure_ascii=False) + "\n" for fault in made), encoding="utf-8")
    print(f"{len(made)} faults in {faults.FAULTS.relative_to(REPOSITORY)}")


def run_check(options):
    import selfcheck  # Only needed here.

    wrong = []
    languages = at_hand(options)
    for language in languages:
        for program in LANGUAGES[language].programs():
            if not faults.outcome_of(language, program, faults.correct_text(language, program)).passed:
                wrong.append(f"{program}: the tests fail on the correct program")
    chosen = recorded(options)
    wrong += [problem for fault in chosen if (problem := faults.check(fault))]
    say(f"{len(chosen)} faults looked at")
    acts = {"fix": fix, "implement": implement}
    own = [task for language in languages for task in stubs.own(language)[:1]]
    wrong += selfcheck.problems(options, chosen, own, lambda kind, cases: figures(asked(options, cases, acts[kind], kind))[-1])
    for problem in wrong:
        print(problem)
    print(f"{len(wrong)} problems")
    sys.exit(1 if wrong else 0)


def names(text):
    return [name for name in text.split(",") if name]


def arguments():
    bench_dir = Path(os.environ.get("TACIT_BENCH_DIR") or REPOSITORY.parent / "shared/bench")
    target = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["fix", "implement", "make", "check"])
    parser.add_argument("--tacit", type=lambda path: str(Path(path).resolve()), default=str(target / "release/tacit"), help="the program")
    parser.add_argument("--out", type=Path, default=target / "actions", help="folder of the answers")
    parser.add_argument("--models", type=names, default=[None], help="names from `tacit models list`, such as 0.5b,1.5b (default: tacit's choice)")
    parser.add_argument("--only", type=names, help=f"some of {','.join(LANGUAGES)}")
    parser.add_argument("--limit", type=int, help="so many faults or stubs of each language, spread over them")
    parser.add_argument("--without", action="append", choices=SWITCHES, default=[], help="also ask without this; repeatable")
    parser.add_argument("--faults", type=Path, default=faults.FAULTS, help="recorded faults, for fix and check: faults.jsonl or further_faults.jsonl")
    parser.add_argument("--data", type=Path, default=bench_dir / "dev", help="folder of the HumanEval sets, for implement")
    parser.add_argument("--sets", type=names, default=["humaneval", "own"], help="for implement: humaneval, own")
    options = parser.parse_args()
    unknown = set(options.only or ()) - set(LANGUAGES)
    if unknown:
        parser.error(f"there is no language {', '.join(sorted(unknown))}; there are {', '.join(LANGUAGES)}")
    if set(options.sets) - {"humaneval", "own"}:
        parser.error("the sets are humaneval and own")
    if options.command in ("fix", "implement") and not Path(options.tacit).exists():
        parser.error(f"there is no program {options.tacit}; build it, or name another with --tacit")
    options.out = options.out.resolve()
    return options


if __name__ == "__main__":
    # As after Ctrl-C, what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = arguments()
    {"fix": run_fix, "implement": run_implement, "make": run_make, "check": run_check}[chosen.command](chosen)
