"""Reads and writes comma-separated values with quotes."""


class CsvError(ValueError):
    """Text that is no CSV."""


def parse_line(line):
    """The fields of one line. A quoted field may hold commas, and a doubled quote for a quote."""
    fields = []
    field = ""
    quoted = False
    index = 0
    while index < len(line):
        char = line[index]
        if quoted:
            if char != '"':
                field += char
            elif line[index + 1:index + 2] == '"':
                field += '"'
                index += 1
            else:
                quoted = False
        elif char == '"':
            quoted = True
        elif char == ",":
            fields.append(field)
            field = ""
        else:
            field += char
        index += 1
    if quoted:
        raise CsvError("a quote is not closed")
    fields.append(field)
    return fields


def quote(field):
    """The field as it is written: in quotes where it must be."""
    if any(char in field for char in ',"\n'):
        return '"' + field.replace('"', '""') + '"'
    return field


def format_line(fields):
    return ",".join(quote(str(field)) for field in fields)


def parse_table(text):
    """One dict per row, with the names of the first row."""
    lines = text.splitlines()
    if not lines:
        return []
    names = parse_line(lines[0])
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        values = parse_line(line)
        if len(values) != len(names):
            raise CsvError(f"line {number} has {len(values)} fields, not {len(names)}")
        rows.append(dict(zip(names, values)))
    return rows
