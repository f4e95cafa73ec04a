#!/usr/bin/env python3
"""Records `tacit demo` in a real terminal and writes it as an animated SVG, for the README.

    .assets/record.py .assets/demo.svg target/release/tacit demo

Needs tmux. The screen is read at fixed times; a row that stays the same is drawn once and shown for that time, by CSS. Where
nothing is animated (a printer, a reader who wants no motion), one frame with ghost text is seen.
"""

import html
import re
import shlex
import subprocess
import sys
import time
import unicodedata

COLUMNS, ROWS = 120, 24
INTERVAL = 0.1  # seconds between looks at the screen
PAUSE = 3.0  # seconds that the last frame stays
CELL, LINE, SIZE, MARGIN = 8.4, 19, 14, 14  # pixels

# Escape codes that the demo uses, as SVG classes.
CLASSES = {"1": "t", "2": "d", "3": "i", "7": "r"}
BLOCKS = {"r", "a"}  # with a background


def tmux(*arguments):
    return subprocess.run(["tmux", "-L", "tacit-record", *arguments], check=True, capture_output=True, text=True).stdout


def frames(command):
    """(seconds, screen) for each moment at which the screen looked different, and the time of the end."""
    tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), f"{shlex.join(command)}; sleep 9")
    tmux("set", "-g", "status", "off")
    started, seen, deadline = None, [], time.monotonic() + 10
    while True:
        on_demo = tmux("display", "-p", "#{alternate_on}").strip() == "1"
        if not on_demo and (seen or time.monotonic() > deadline):
            break
        rows = screen(tmux("capture-pane", "-e", "-p"))
        # What comes before the first answer is waiting.
        if on_demo and any("first token" in text for _, _, text in rows[-1]):
            started = started or time.monotonic()
            if not seen or seen[-1][1] != rows:
                seen.append((time.monotonic() - started, rows))
        time.sleep(INTERVAL)
    tmux("kill-server")
    if not seen:
        sys.exit("the demo never came onto the screen: run it by hand to see why")
    return seen, seen[-1][0] + PAUSE


def screen(captured):
    """One tuple of (column, classes, text) for each row: its stretches of one style. A style lasts until it is changed, beyond the end of a row."""
    style, rows = [], []
    for line in captured.split("\n")[:ROWS]:
        column, row = 0, []
        for codes, text in re.findall(r"\x1b\[([\d;]*)m|([^\x1b]+)", line):
            for code in codes.split(";") if not text else []:
                if code in ("", "0"):
                    style = []
                elif code == "42":
                    style = ["a"]
                elif code in CLASSES and CLASSES[code] not in style:
                    style = style + [CLASSES[code]]
            if text.strip() or set(style) & BLOCKS:
                row.append((column, " ".join(style), text))
            column += width(text)
        rows.append(tuple(row))
    return rows


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def draw(row, y):
    parts = []
    for column, classes, text in row:
        if set(classes.split()) & BLOCKS:
            x = MARGIN + column * CELL
            parts.append(f'<rect class="{classes}" x="{x:.1f}" y="{y - 14}" width="{width(text) * CELL:.1f}" height="{LINE}"/>')
        # Renderers disagree on blanks at the ends.
        column += len(text) - len(text.lstrip())
        if text := text.strip():
            x, length = MARGIN + column * CELL, width(text) * CELL
            parts.append(f'<text class="{classes}" x="{x:.1f}" y="{y}" textLength="{length:.1f}" xml:space="preserve">{html.escape(text)}</text>')
    return "".join(parts)


def svg(seen, end):
    # The longest ghost text that is visible makes the best still picture.
    ghost = lambda rows: sum(len(text) for row in rows for _, classes, text in row if "i" in classes.split())
    poster = max(range(len(seen)), key=lambda at: ghost(seen[at][1]))
    body, keyframes = [], []
    for number in range(ROWS):
        start = 0
        for at in range(1, len(seen) + 1):
            row = seen[start][1][number]
            if at < len(seen) and seen[at][1][number] == row:
                continue
            drawn = draw(row, MARGIN + 14 + number * LINE)
            if start == 0 and at == len(seen):
                body.append(drawn)
            elif drawn:
                begin, stop = seen[start][0] / end * 100, 100 if at == len(seen) else seen[at][0] / end * 100
                name = f"k{len(keyframes)}"
                before = "" if start == 0 else "0%{visibility:hidden}"
                keyframes.append(f"@keyframes {name}{{{before}{begin:.2f}%{{visibility:visible}}{stop:.2f}%{{visibility:{'visible' if stop == 100 else 'hidden'}}}}}")
                hidden = "" if start <= poster < at else ' visibility="hidden"'
                body.append(f'<g style="animation-name:{name}"{hidden}>{drawn}</g>')
            start = at
    across, down = COLUMNS * CELL + 2 * MARGIN, ROWS * LINE + 2 * MARGIN
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:.0f} {down}" width="{across:.0f}" height="{down}">
<title>tacit completes code as it is typed</title>
<style>
text{{font:{SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d6deeb;white-space:pre}}
.t{{font-weight:bold}}.d{{fill:#5f6b7a}}.i{{fill:#7d8a99;font-style:italic}}text.r{{fill:#0f1720}}rect.r{{fill:#9fb3c8}}text.a{{fill:#0f1720}}rect.a{{fill:#7fd18b}}
g{{animation-duration:{end:.1f}s;animation-iteration-count:infinite;animation-timing-function:step-end}}
@media (prefers-reduced-motion:reduce){{g{{animation:none!important}}}}
{"".join(keyframes)}
</style>
<rect width="100%" height="100%" rx="8" fill="#0f1720"/>
{chr(10).join(body)}
</svg>
"""


def main():
    target, *command = sys.argv[1:]
    seen, end = frames(command)
    with open(target, "w") as file:
        file.write(svg(seen, end))
    print(f"{target}: {len(seen)} frames, {end:.0f} s")


if __name__ == "__main__":
    main()
