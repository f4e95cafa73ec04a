"""Fills {{ names }} in a text, with filters: {{ user.name | upper }}."""
import re
from html import escape

PLACEHOLDER = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")

FILTERS = {
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "escape": escape,
}


class TemplateError(Exception):
    """A template that can't be filled."""


def look_up(path, values):
    """The value at a dotted path; None where a step of it is None."""
    current = values
    for step in path.split("."):
        if current is None:
            return None
        if step not in current:
            raise TemplateError(f"there is no {step} in {path}")
        current = current[step]
    return current


def apply_filters(text, names):
    for name in names:
        if name not in FILTERS:
            raise TemplateError(f"there is no filter {name}")
        text = FILTERS[name](text)
    return text


def render(template, values):
    """The template with each placeholder replaced."""

    def replace(match):
        path, *filters = [part.strip() for part in match.group(1).split("|")]
        value = look_up(path, values)
        if value is None:
            return ""
        return apply_filters(str(value), filters)

    return PLACEHOLDER.sub(replace, template)


def names(template):
    """The names that a template asks for, sorted, each once."""
    found = set()
    for content in PLACEHOLDER.findall(template):
        found.add(content.split("|")[0].strip())
    return sorted(found)
