"""The rows of the table: what is compared, with what goal, and whether it is met."""
from dataclasses import dataclass


@dataclass
class Row:
    figure: str
    vscode: float | None = None
    vim: float | None = None
    tacit: float | None = None
    ratio: float | None = None
    goal: str = ""
    # None: not measured.
    met: bool | None = None
    # How the three figures are written.
    form: str = "{:.1f}"

    def cells(self):
        def figure(value, form):
            return "-" if value is None else form.format(value)

        met = {None: "not measured" if self.goal else "-", True: "yes", False: "NO"}[self.met]
        own = [figure(value, self.form) for value in (self.vscode, self.vim, self.tacit)]
        return [self.figure, *own, figure(self.ratio, "{:.2f}"), self.goal, met]


def at_most(value, bound):
    return None if value is None else value <= bound


def at_least(value, bound):
    return None if value is None else value >= bound


def ratio(value, reference):
    return value / reference if value is not None and reference else None


def best(values, choose):
    known = [value for value in values if value is not None]
    return choose(known) if known else None


def percent(share):
    return None if share is None else 100 * share


def of(report, *path):
    """A value deep in a report; None where a part of the path is not there."""
    for key in path:
        report = report.get(key) if isinstance(report, dict) else None
    return report


def open_brackets(report):
    """Percent of the shown suggestions that leave a bracket open."""
    defects, shown = of(report, "defects"), of(report, "answered")
    if defects is None or not shown:
        return None
    return 100 * (defects.get("open_paren", 0) + defects.get("open_brace", 0)) / shown


def rows(results):
    """The table of a run; `results` is what `engine.py` writes as JSON."""

    def replayed(policy, name):
        return [of(results, "replay", policy, client, name) for client in ("vscode", "vim", "tacit")]

    watch = {name: replayed("watch", name) for name in ("answered_share", "instant_share", "line_precision", "evaluated_per_request")}
    accept = {name: replayed("accept", name) for name in ("saved_chars_pct", "cpu_s_per_100")}
    decode = results.get("decode", {})
    quiet, single, busy = decode.get("quiet", {}), decode.get("one_thread", {}), decode.get("busy", {})
    peer = results.get("peer", {})
    table = []

    def add(figure, values, goal, met, form="{:.1f}", compared=None):
        vscode, vim, tacit = values
        table.append(Row(figure, vscode, vim, tacit, compared, goal, met, form))

    evaluated = watch["evaluated_per_request"]
    add("prompt tokens evaluated per request to the engine (watch)", evaluated, "<= 10", at_most(evaluated[2], 10),
        compared=ratio(evaluated[2], best(evaluated[:2], min)))
    for name, bound in (("median", 1.3), ("p95", 3)):
        value = quiet.get(f"keystroke_first_token_passes_{name}")
        add(f"first token of a keystroke, forward passes, {name}", (None, None, value), f"<= {bound}", at_most(value, bound), "{:.2f}")

    for name, words, bound in (("answered_share", "suggestion visible before the next key, % (watch)", 60),
                               ("instant_share", "answered within 5 ms, % (watch)", 45)):
        shares = [percent(share) for share in watch[name]]
        add(words, shares, f">= {bound}", at_least(shares[2], bound), compared=ratio(shares[2], best(shares[:2], max)))

    right = [percent(share) for share in watch["line_precision"]]
    best_right = best(right[:2], max)
    comparable = right[2] is not None and best_right is not None
    add("shown first lines entirely right, % (watch)", right, ">= theirs", right[2] >= best_right if comparable else None,
        compared=ratio(right[2], best_right))

    saved = accept["saved_chars_pct"]
    gain = ratio(saved[2], best(saved[:2], max))
    add("characters saved, % (accept)", saved, ">= 1.7 x", at_least(gain, 1.7), compared=gain)
    cpu = accept["cpu_s_per_100"]
    cost = ratio(cpu[2], best(cpu[:2], min))
    add("CPU seconds per 100 keystrokes (accept)", cpu, "<= 0.5 x", at_most(cost, 0.5), compared=cost)
    brackets = [open_brackets(of(results, "replay", "accept", client)) for client in ("vscode", "vim", "tacit")]
    add("shown suggestions that leave a bracket open, % (accept)", brackets, "<= 1", at_most(brackets[2], 1))

    theirs, ours = peer.get("tokens_per_second"), quiet.get("decode_tokens_per_second")
    speed = ratio(ours, theirs)
    add("decode without drafts, tokens/s", (theirs, theirs, ours), ">= 0.97 x", at_least(speed, 0.97), compared=speed)
    for text, bound in (("repetitive", 1.6), ("fresh", 0.97)):
        gain = of(quiet, "drafts", text, "gain")
        tokens = of(quiet, "drafts", text, "tokens_per_second")
        add(f"decode with drafts over without, {text} code (tokens/s)", (None, None, tokens), f">= {bound} x", at_least(gain, bound), compared=gain)
    for cores in ("1", "2"):
        loaded = of(busy, cores, "drafts", "fresh", "tokens_per_second")
        kept = ratio(loaded, of(single, "drafts", "fresh", "tokens_per_second"))
        peer_kept = ratio(of(peer, "busy", cores), peer.get("one_thread_tokens_per_second"))
        goal, met = (">= 0.95", at_least(kept, 0.95)) if cores == "1" else ("", None)
        add(f"{cores} core{'s' * (cores != '1')} busy: tokens/s over one quiet thread's", (peer_kept, peer_kept, kept), goal, met, "{:.2f}",
            ratio(kept, peer_kept))

    for name, words in (("p50", "median"), ("p90", "p90")):
        alone, beside = (of(results, "action", run, "latency_ms", name) for run in ("alone", "beside"))
        slower = ratio(beside, alone)
        add(f"suggestion while an action runs, ms, {words} (watch)", (None, None, beside), "<= 1.3 x without", at_most(slower, 1.3), compared=slower)

    beyond = of(quiet, "memory", "beyond_buffers_mb")
    add("engine memory beyond model file, KV cache and compute buffers, MiB", (None, None, beyond), "<= 120", at_most(beyond, 120), "{:.0f}")
    second = of(results, "second_window", "added_mb")
    add("second window on the same model, MiB in all", (None, None, second), "<= 60", at_most(second, 60), "{:.0f}")
    return table


def text(table):
    """The table for people."""
    lines = [["figure", "llama.vscode", "llama.vim", "tacit", "ratio", "goal", "met"], *(row.cells() for row in table)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])

    def written(line):
        first, *others = (cell.ljust(width) if not column else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths)))
        return "  ".join([first, *others])

    return "\n".join(map(written, lines))
