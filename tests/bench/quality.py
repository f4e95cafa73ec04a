#!/usr/bin/env python3
"""How often tacit's completions are right, beside llama-server's `/infill` as llama.vscode asks it, and what each source of context and each rule is worth.

Fills the holes of some sets with everything on and by the peer with the same model file; and again without any context, and without each source
and each rule, those holes where it had a say in the answer. Every run keeps its completions in the folder of --out and is not repeated, unless the
program, the set or the number of holes is another. Compared hole by hole; p is McNemar's exact test.

The harness, its evaluators and its sets lie in a folder of their own (TACIT_BENCH_DIR: `replay`, `corpus`, `dev`, `eval_*.py`). Standard library only.
Scoring runs code that a model wrote, in processes with limits. Nothing else should run on the machine meanwhile: the peer has time limits.
"""
import argparse
import dataclasses
import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import infill
from paired import discordant, mcnemar
from servers import Home, Missing, Peer, PeerProgram

REPOSITORY = Path(__file__).resolve().parents[2]
# The holes of the corpus's README, which nobody tuned a model on.
CORPUS, SEED, HOLES_PER_LANGUAGE = "dev.toml", "20250601", 43
# All context, and the names of `context::Source` that a set of holes has: there are no edits and no diagnostics.
CONTEXT = "context"
SOURCES = ("definitions", "similar", "outline", "counterpart")
# Names of `completion::Rule`.
RULES = (
    "scope-end", "closer", "indentation", "suffix-meet", "repetition", "chat-tail", "overlap", "balance", "next-line", "line-above",
    "indentation-unit", "word-inside", "block", "second-guess", "needed-name", "code-below",
)
# Variants: the others are `without-` and what is switched off.
ALL, PEER, PEER_NO_CONTEXT = "all", "peer", "peer-no-context"
WITHOUT = "without-"


def say(text):
    print(f"quality: {text}", file=sys.stderr, flush=True)


@dataclasses.dataclass(frozen=True)
class HoleSet:
    """Holes of one kind, and how a completion of one is judged."""
    words: str
    # What counts as right.
    measure: str
    # Options of `tacit bench fim`.
    options: tuple[str, ...]
    # The evaluator and its options; its results are read from the file of its --out.
    evaluator: tuple[str, ...]
    has_context: bool


# As much as is shown while typing.
SHOWN = ("--tokens", "128")
SETS = {
    "lines": HoleSet("unseen repositories, rest of a line", "first line exactly right", SHOWN,
                     ("eval_fim_text.py", "--protocol", "first-line"), True),
    "cross-file": HoleSet("unseen repositories, lines that use another file", "first line exactly right", SHOWN,
                          ("eval_fim_text.py", "--protocol", "first-line"), True),
    "blocks": HoleSet("unseen repositories, blocks of 2-8 lines", "exactly right", ("--whole", "--tokens", "256"),
                      ("eval_fim_text.py", "--protocol", "raw"), True),
    "humaneval": HoleSet("HumanEval-Infilling, single line", "pass@1", SHOWN, ("eval_humaneval_infill.py",), False),
    "crosscode": HoleSet("CrossCodeEval, Python", "first statement exactly right", SHOWN,
                         ("eval_fim_text.py", "--protocol", "cceval"), True),
}
# The kinds of the corpus that are in a set.
KINDS = {"lines": ("line_rest", "line"), "cross-file": ("cross_file",), "blocks": ("block",)}
# Sets that are judged alike are also shown as one.
POOLED, POOL = "lines+cross-file", ("lines", "cross-file")


class Quality:
    def __init__(self, options):
        self.options = options
        self.out = options.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.program = hashlib.sha256(Path(options.tacit).read_bytes()).hexdigest()
        self.skipped = {}
        self.peer_program = None

    def run(self):
        right = {}
        for name in self.options.sets:
            try:
                problems = self.problems(name)
            except Missing as missing:
                self.skip(name, missing)
                continue
            for variant in self.variants(SETS[name]):
                try:
                    right[name, variant] = self.judged(name, variant, problems)
                except Missing as missing:
                    self.skip(f"{name}, {variant}", missing)
                (self.out / "results.json").write_text(json.dumps(self.figures(right), indent=1))
        print(f"{self.options.model}, {self.options.limit or 'all'} holes of each set")
        print(text_table(self.figures(right)))
        for what, reason in self.skipped.items():
            print(f"skipped {what}: {reason}")
        print(f"completions, judgements and figures: {self.out}")

    def skip(self, what, missing):
        say(f"skipped {what}: {missing}")
        self.skipped[what] = str(missing)

    def variants(self, holes):
        """What is shown of a set: a set without other files cannot tell what they are worth."""
        parts = [CONTEXT, *SOURCES, *RULES] if holes.has_context else RULES
        variants = [ALL, *(WITHOUT + name for name in parts), PEER]
        if holes.has_context:
            variants.append(PEER_NO_CONTEXT)
        chosen = self.options.variants
        return [variant for variant in variants if not chosen or variant in chosen or variant.startswith(WITHOUT) and WITHOUT[:-1] in chosen]

    # ------------------------------------------------------------------------------------------------------------------------ sets

    def problems(self, name):
        """The holes of a set, as the evaluators and `tacit bench fim` read them."""
        bench_dir = self.options.bench_dir
        if name == "humaneval":
            rows = read_rows(existing(bench_dir / "dev/humaneval_infill_single_line.jsonl.gz"))
        elif name == "crosscode":
            rows = list(map(with_context_files, read_rows(existing(bench_dir / "dev/crosscodeeval_python.jsonl.gz"))))
        else:
            rows = [row for row in read_rows(self.holes()) if row["kind"] in KINDS[name]]
        if self.options.limit:
            rows = spread(rows, self.options.limit)
        return rows

    def holes(self):
        """The holes in unseen repositories: a file of the user's, or made of the pinned packages through the clients of their registries."""
        if self.options.holes:
            return existing(self.options.holes)
        path = self.out / "holes.jsonl.gz"
        if path.exists():
            return path
        say("making the holes from pinned packages (20 MB)")
        corpus = self.options.bench_dir / "corpus"
        program = [sys.executable, str(existing(corpus / "corpus.py"))]
        packages = str(self.options.corpus or corpus / CORPUS)
        sources, made = self.out / "sources", self.out / "holes.part.jsonl.gz"
        for arguments in (
            ["fetch", packages, "--to", str(sources)],
            ["holes", packages, "--sources", str(sources), "--out", str(made), "--seed", SEED, "--per-language", str(HOLES_PER_LANGUAGE)],
        ):
            if subprocess.run(program + arguments, stdout=sys.stderr).returncode:
                raise Missing("the holes could not be made (the corpus says why above)")
        made.rename(path)
        return path

    # ------------------------------------------------------------------------------------------------------------------------ runs

    def judged(self, name, variant, problems):
        """Which holes a variant has right. It is run, where that was not done yet."""
        folder = self.out / self.options.model / name
        folder.mkdir(parents=True, exist_ok=True)
        if variant == PEER_NO_CONTEXT:
            problems = [{**row, "context_files": []} for row in problems]
        # One run of tacit fills the holes in all its variants.
        by_peer = variant.startswith(PEER)
        run = variant if by_peer else "tacit"
        data, answers = folder / f"{run}.problems.jsonl", folder / f"{run}.jsonl"
        write_rows(data, problems)
        # What a kept run must have been made of.
        wanted = {"problems": hashlib.sha256(data.read_bytes()).hexdigest(), "program": None if by_peer else self.program}
        mark = folder / f"{run}.run.json"
        if not (mark.exists() and json.loads(mark.read_text())["made_of"] == wanted):
            say(f"{name}, {run}: {len(problems)} holes")
            started = time.monotonic()
            fill = self.by_peer if by_peer else self.by_tacit
            summary = fill(name, variant, data, answers)
            mark.write_text(json.dumps({"made_of": wanted, "seconds": time.monotonic() - started, "summary": summary}, indent=1))
        if by_peer:
            return self.evaluate(name, data, answers)
        rows = read_rows(answers)
        left_out = variant.removeprefix(WITHOUT)
        filled = {row["task_id"]: row for row in rows if "without" not in row}
        # Where it had no say, nothing is different without it.
        filled |= {row["task_id"]: row for row in rows if row.get("without") == left_out}
        completions = folder / f"{variant}.jsonl"
        write_rows(completions, filled.values())
        return self.evaluate(name, data, completions)

    def by_tacit(self, name, _variant, data, completions):
        command = [self.options.tacit, "bench", "fim", str(data), "--in-process", "--model", self.options.model, "--out", str(completions)]
        command += [*SETS[name].options, "--each"]
        if self.options.threads:
            command += ["--threads", str(self.options.threads)]
        with Home(os.environ.get("TACIT_CPU")) as home:
            done = subprocess.run(command, env=home.environment, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise Missing(f"`tacit bench fim` failed: {next((line for line in lines if line.lower().startswith('error')), lines[-1:])}")
        return json.loads(done.stderr[done.stderr.rindex("\n{") :]) if "\n{" in done.stderr else {}

    def by_peer(self, _name, variant, data, completions):
        replay = infill.load_replay(self.options.bench_dir)
        if self.peer_program is None:
            self.peer_program = PeerProgram(self.options.target)
        model = Path(self.printed("models", "path", self.options.model))
        answers, tokens = [], {}
        with Peer(self.peer_program, model, self.options.threads or os.cpu_count(), completions.with_suffix(".log")) as peer:
            client = infill.Client(replay, peer.url)
            for count, hole in enumerate(read_rows(data), 1):
                completion, cost = client.complete(hole)
                answers.append({"task_id": hole["task_id"], "completion": completion})
                tokens = {key: tokens.get(key, 0) + value for key, value in cost.items()}
                print(f"\r{variant}: {count} holes ", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        write_rows(completions, answers)
        return tokens

    def printed(self, *arguments):
        done = subprocess.run([self.options.tacit, *arguments], stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise Missing(f"`tacit {' '.join(arguments)}` failed (it says why above)")
        return done.stdout.strip()

    def evaluate(self, name, data, completions):
        """Which holes are right, by the evaluator of the set."""
        program, *protocol = SETS[name].evaluator
        judgements = completions.with_suffix(".judged.jsonl")
        command = [sys.executable, str(existing(self.options.bench_dir / program)), "--problems", str(data), "--completions", str(completions)]
        done = subprocess.run([*command, *protocol, "--out", str(judgements)], stdout=subprocess.DEVNULL)
        if done.returncode:
            raise Missing(f"{program} failed (it says why above)")
        right = {row["task_id"]: False for row in read_rows(data)}
        for row in read_rows(judgements):
            right[row["task_id"]] = row["result"] == "passed" if "result" in row else row["em"]
        return right

    # ----------------------------------------------------------------------------------------------------------------------- figures

    def figures(self, right):
        """The rows of the table, with everything on compared to each other variant of its set."""
        rows = []
        pooled = {(POOLED, variant): right[POOL[0], variant] | right[POOL[1], variant]
                  for name, variant in right if name == POOL[0] and (POOL[1], variant) in right}
        right = right | pooled
        for (name, variant), judged in right.items():
            row = {"set": name, "variant": variant, "holes": len(judged), "right": sum(judged.values())}
            best = right.get((name, ALL))
            if best is not None and variant != ALL:
                only_all, only_variant = discordant(best, judged)
                row |= {"all_right": sum(best.values()), "only_all": only_all, "only_variant": only_variant, "p": mcnemar(only_all, only_variant)}
            rows.append(row)
        return rows


def text_table(rows):
    """The figures for people: `ratio` is everything on over this variant."""
    lines = [["set", "variant", "holes", "right", "%", "ratio", "only all", "only this", "p"]]
    for row in rows:
        ratio = f"{row['all_right'] / row['right']:.2f}" if row.get("all_right") is not None and row["right"] else "-"
        paired = [str(row["only_all"]), str(row["only_variant"]), f"{row['p']:.3f}"] if "p" in row else ["-"] * 3
        percent = f"{100 * row['right'] / row['holes']:.1f}" if row["holes"] else "-"
        lines.append([row["set"], row["variant"], str(row["holes"]), str(row["right"]), percent, ratio, *paired])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    written = ["  ".join(cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths)))
               for line in lines]
    measures = [f"{name}: {holes.words}; {holes.measure}" for name, holes in SETS.items() if any(row["set"] == name for row in rows)]
    return "\n".join([*written, *measures])


def with_context_files(row):
    """A row of CrossCodeEval with the fragments that its retrieval found as files: there is nothing else of those repositories. Fragments of one file
    are joined in the order of their rank, as `tacit bench fim` would do; the peer needs files."""
    files = {}
    for fragment in row.pop("crossfile_context", None) or ():
        files.setdefault(fragment["filename"], []).append(fragment["text"])
    context = [{"path": path, "text": "\n\n".join(texts) + "\n"} for path, texts in files.items()]
    return {**row, "path": row["metadata"]["file"], "context_files": context}


def spread(rows, count):
    """So many of the rows, at equal distances, because neighbours are of one language."""
    count = min(count, len(rows))
    return [rows[index * len(rows) // count] for index in range(count)]


def existing(path):
    if not path.exists():
        raise Missing(f"{path.name} is not in {path.parent}; TACIT_BENCH_DIR names the folder of the harness")
    return path


def read_rows(path):
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def names(text):
    return [name for name in text.split(",") if name]


def arguments():
    bench_dir = os.environ.get("TACIT_BENCH_DIR") or REPOSITORY.parent / "shared/bench"
    target = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tacit", type=lambda path: str(Path(path).resolve()), default=str(target / "release/tacit"), help="the program")
    parser.add_argument("--target", type=Path, default=target, help="where the peer is installed, and the default of --out")
    parser.add_argument("--out", type=Path, help="folder of the runs (default: quality in --target)")
    parser.add_argument("--bench-dir", type=Path, default=bench_dir, help="folder of the harness (TACIT_BENCH_DIR)")
    parser.add_argument("--corpus", type=Path, help="another list of packages to make holes of")
    parser.add_argument("--holes", type=Path, help="a file of holes that the corpus has made, instead of making them")
    parser.add_argument("--model", default="0.5b", help="a name from `tacit models list`")
    parser.add_argument("--threads", type=int, help="threads of both (default: tacit's choice, all cores for the peer)")
    parser.add_argument("--limit", type=int, help="so many holes of each set, spread over it")
    parser.add_argument("--sets", type=names, default=list(SETS), help=f"some of {','.join(SETS)}")
    parser.add_argument("--variants", type=names, help="some of all,without,peer,peer-no-context, or single ones like without-similar (default: all)")
    options = parser.parse_args()
    unknown = set(options.sets) - set(SETS)
    if unknown:
        parser.error(f"there is no set {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    options.target = options.target.resolve()
    options.out = (options.out or options.target / "quality").resolve()
    return options


if __name__ == "__main__":
    # As after Ctrl-C, the servers that were started are ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        Quality(arguments()).run()
    except Missing as missing:
        sys.exit(f"quality: {missing}")
