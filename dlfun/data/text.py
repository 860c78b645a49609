"""Texts as ids, and back."""

from __future__ import annotations

from collections.abc import Iterable


def decode_text(ids: Iterable[int], alphabet: str) -> str:
    """The text of ids: characters of an alphabet, or bytes of UTF-8 where there is none.

    >>> decode_text([1, 0, 0], "ab"), decode_text([104, 105], "")
    ('baa', 'hi')
    """
    if alphabet:
        return "".join(alphabet[i] for i in ids)
    return bytes(int(i) for i in ids).decode("utf-8", errors="replace")
