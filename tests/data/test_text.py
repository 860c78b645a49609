"""Texts as ids, against loops over their characters."""

import numpy as np
import pytest

from dlfun.data.text import encode_bytes, encode_text, windows
from dlfun.errors import UserError


@pytest.mark.parametrize("length", [1, 4, 9])
@pytest.mark.parametrize("tokens", [10, 11, 13, 19, 20])
def test_windows_hold_each_token_once_and_aim_at_the_next(tokens, length):
    ids = np.random.default_rng(tokens).integers(1, 50, tokens).astype(np.uint8)
    inputs, targets = windows(ids, length)
    seen = [(int(i), int(t)) for i, t in zip(inputs.ravel(), targets.ravel(), strict=True)]
    wanted = [(int(ids[k]), int(ids[k + 1])) for k in range(tokens - 1)]
    assert seen[: tokens - 1] == wanted
    assert set(seen[tokens - 1 :]) <= {(0, -1)}
    assert len(seen) - len(wanted) < length
    assert (inputs.dtype, targets.dtype) == (np.uint8, np.int32)


def test_a_text_that_does_not_fill_a_window():
    assert windows(np.arange(5), 4)[0].shape == (1, 4)
    with pytest.raises(UserError, match="a text of 4 tokens is shorter than a window of 4 and"):
        windows(np.arange(4), 4)


def test_characters_are_places_in_the_alphabet():
    alphabet = "\n !aeé猫"
    text = "猫 é\na!e"
    assert encode_text(text, alphabet).tolist() == [alphabet.index(c) for c in text]
    large = "".join(map(chr, range(300)))
    assert encode_text(large, large).tolist() == list(range(300))


def test_characters_outside_the_alphabet_are_named():
    with pytest.raises(UserError, match="not among the 3 of its alphabet: '\\\\n', 'x', 'é';"):
        encode_text("abéx\n", "abc")
    with pytest.raises(UserError, match="'j' and 16 more;") as caught:
        encode_text("".join(map(chr, range(97, 123))), "")
    assert "\n" not in str(caught.value)


def test_bytes_are_cut_and_padded():
    texts = [b"", b"a", b"abc", "naïve text".encode()]
    ids, lengths = encode_bytes(texts, 6)
    for row, length, text in zip(ids, lengths, texts, strict=True):
        assert bytes(row) == text[:6].ljust(6, b"\0")
        assert length == max(1, len(text[:6]))
    assert (ids.dtype, lengths.dtype) == (np.uint8, np.int32)
