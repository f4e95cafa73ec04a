"""Settings of a window, read from a file."""


def read_width(settings):
    value = settings.get("width")
    if value is None:
        raise KeyError("the settings have no width")
    if not 0 < int(value) < LIMIT:
        raise ValueError("the width is out of bounds")
    return int(value)


def read_height(settings):
    value = settings.get("height")
    if value is None:
        raise KeyError("the settings have no height")
    if not 0 < int(value) < LIMIT:
        raise ValueError("the height is out of bounds")
    return int(value)


def read_depth(settings):
    value = settings.get("depth")
    if value is None:
        raise KeyError("the settings have no depth")
    if not 0 < int(value) < LIMIT:
        raise ValueError("the depth is out of bounds")
    return int(value)


def read_margin(settings):
