"""Words that messages, tables and pages share."""


def plural(count: int, what: str, many: str = "") -> str:
    """A number of things; `many` is their plural where it is not made by an s.

    >>> plural(1, "seed"), plural(1000, "test example"), plural(0, "class", "classes")
    ('1 seed', '1,000 test examples', '0 classes')
    """
    return f"{count:,} {what if count == 1 else many or what + 's'}"
