"""Texts as ids and back: bytes, characters, and windows that follow one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from dlfun.errors import UserError
from dlfun.host_memory import check_room
from dlfun.words import plural

BYTES = 256
"""The vocabulary of texts whose ids are bytes."""

NO_TOKEN = -1
"""The target where a window goes on behind the end of its text."""


def read_utf8(path: Path) -> str:
    """A text in UTF-8, whose lines end with a line feed.

    Before it may stand a byte order mark, and CR LF ends a line, too; other characters that some
    programs take for the end of a line, such as U+2028 or a CR alone, are characters of the text.

    Raises:
      UserError: if it is not in UTF-8, or does not fit the memory.
    """
    check_room(4 * path.stat().st_size, f"{path}: its text", "give a shorter one")
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not a text in UTF-8; write it anew") from None


def encode_bytes(texts: Sequence[bytes], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Texts as bytes, cut to a length or padded with zeros.

    Returns:
      ids uint8 [n, length], and how many of them are text, int32 [n]; an empty text counts as
      one zero.

    >>> encode_bytes([b"ab", b"cdef"], 3)
    (array([[ 97,  98,   0],
           [ 99, 100, 101]], dtype=uint8), array([2, 3], dtype=int32))
    """
    ids = np.zeros((len(texts), length), np.uint8)
    for row, text in zip(ids, texts, strict=True):
        kept = np.frombuffer(text[:length], np.uint8)
        row[: len(kept)] = kept
    lengths = [min(max(len(text), 1), length) for text in texts]
    return ids, np.array(lengths, np.int32)


def encode_text(text: str, alphabet: str) -> np.ndarray:
    """The place of each character in the alphabet: [n], uint8, or int32 beyond 256 characters.

    Raises:
      UserError: naming the characters that are not in the alphabet.

    >>> encode_text("abba", "abc")
    array([0, 1, 1, 0], dtype=uint8)
    """
    places = {character: place for place, character in enumerate(alphabet)}
    strange = sorted(set(text) - set(places))
    if strange:
        shown = ", ".join(repr(character) for character in strange[:10])
        more = f" and {len(strange) - 10} more" if len(strange) > 10 else ""
        raise UserError(
            f"the text has characters that are not among the {len(alphabet)} of its alphabet: "
            f"{shown}{more}; take them out"
        )
    kind = np.uint8 if len(alphabet) <= 2**8 else np.int32
    return np.fromiter((places[character] for character in text), kind, len(text))


def windows(ids: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """A text as windows that follow one another, each token's target being the next one.

    Args:
      ids: [n] of the whole text.
      length: of a window.

    Returns:
      inputs [windows, length] and targets int32 [windows, length]; behind the end of the text
      inputs are 0 and targets `NO_TOKEN`.

    Raises:
      UserError: if the text does not fill one window.

    >>> windows(np.array([5, 6, 7, 8, 9, 4]), 3)
    (array([[5, 6, 7],
           [8, 9, 0]]), array([[ 6,  7,  8],
           [ 9,  4, -1]], dtype=int32))
    """
    if len(ids) < length + 1:
        raise UserError(
            f"a text of {plural(len(ids), 'token')} is shorter than a window of {length} "
            "and the token "
            "behind it; give a longer text"
        )
    count = -(-(len(ids) - 1) // length)
    inputs = np.zeros((count, length), ids.dtype)
    targets = np.full((count, length), NO_TOKEN, np.int32)
    inputs.reshape(-1)[: len(ids) - 1] = ids[:-1]
    targets.reshape(-1)[: len(ids) - 1] = ids[1:]
    return inputs, targets


def decode_text(ids: Iterable[int], alphabet: str) -> str:
    """The text of ids: characters of an alphabet, or bytes of UTF-8 where there is none.

    >>> decode_text([1, 0, 0], "ab"), decode_text([104, 105], "")
    ('baa', 'hi')
    """
    if alphabet:
        return "".join(alphabet[i] for i in ids)
    return bytes(int(i) for i in ids).decode("utf-8", errors="replace")
