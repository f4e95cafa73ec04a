#!/usr/bin/env python3
"""Writes languages.toml anew: the languages of grammars/languages.toml, with the servers that Helix itself starts for them.

    editors/helix/generate.py RELEASED.toml [NEWER.toml]

RELEASED.toml is the file languages.toml at the root of Helix's repository, of the release that most people have; NEWER.toml the same
file of a later commit. Lists of servers are taken from the latter. Languages that only the latter has are written as comments, because
Helix refuses a whole configuration for one language that it does not know. Needs Python 3.11.
"""

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent

# Languages of Helix that are not in our table and are completed as plain text.
OTHERS = """
    awk bicep blade c3 cairo crystal cue cython dhall ejs erb gdscript glimmer gomod gotmpl hare htmldjango idris jsonnet lean luau matlab
    meson mojo move nginx nu odin opencl org prisma purescript quarto rescript rmarkdown tcl templ thrift twig v
""".split()

HEAD = """\
# tacit in Helix. Copy what you need into ~/.config/helix/languages.toml: this table, and the languages that you write.
#
# A `language-servers` list replaces the one of Helix, so each list below begins with the servers that Helix starts by itself. If your own
# languages.toml has other servers for a language, keep yours and add "tacit" at the end. Servers that are not installed are skipped.
# A language that is missing here needs the same three lines, with its name as `hx --health languages` shows it.
#
# Written by generate.py from grammars/languages.toml.

[language-server.tacit]
command = "tacit"
args = ["lsp"]
# Helix gives up on an answer after 20 seconds. The first one may have to wait for the model.
timeout = 60
# Anything of tacit.toml can stand here, for example:
# config = { completion = { max_lines = 4 } }
"""

OTHERS_HEAD = """
# More languages of Helix, which tacit completes as plain text.
"""

NEWER_HEAD = """
# Languages that came to Helix after its release 25.07.1. Helix refuses the whole file for one that it does not know: take away the "#" only
# where `hx --health NAME` knows the name.
"""


def languages(path):
    """Helix's languages by name."""
    return {language["name"]: language for language in read(path)["language"]}


def read(path):
    return tomllib.loads(Path(path).read_text())


def belongs(language, row):
    """Whether a language of Helix is what a row of our table is about."""
    return language["name"] in row["lsp_ids"] or language.get("language-id") in row["lsp_ids"]


def block(language):
    servers = ", ".join([*map(value, language.get("language-servers", [])), '"tacit"'])
    return f'\n[[language]]\nname = "{language["name"]}"\nlanguage-servers = [{servers}]\n'


def value(server):
    """A server as TOML: its name, or a table that also says which of its features count."""
    if isinstance(server, str):
        return f'"{server}"'
    pairs = [f'{key} = {value(entry) if isinstance(entry, str) else list_of(entry)}' for key, entry in server.items()]
    return f"{{ {', '.join(pairs)} }}"


def list_of(texts):
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"


def main():
    released = languages(sys.argv[1])
    newest = languages(sys.argv[-1])
    table = read(HERE / "../../grammars/languages.toml")["language"]
    ours = [language for row in table for language in newest.values() if belongs(language, row)]
    others = [newest[name] for name in OTHERS]
    text = HEAD + "".join(block(language) for language in ours if language["name"] in released)
    text += OTHERS_HEAD + "".join(block(language) for language in others if language["name"] in released)
    newer = "".join(block(language) for language in ours + others if language["name"] not in released)
    text += NEWER_HEAD + "".join(f"#{line}\n" if line else "\n" for line in newer.splitlines())
    (HERE / "languages.toml").write_text(text)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main()
