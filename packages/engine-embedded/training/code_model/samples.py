"""Rows of token ids for training: windows of files, half of them rearranged to fill in the middle.

Fill in the middle as Bavarian et al. 2022 have it, cut between any two characters, not only
where tokens end. Of their two orders it is the one with the suffix first (SPM): the middle then
goes on from the prefix as text does, which a model this small learns much sooner than to reach
back over the suffix.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import ceil

from tokenizers import Tokenizer

from bpe import EOF, MIDDLE, PREFIX, SUFFIX

FILL_IN_SHARE = 0.5
# Of those that fill in, the share whose middle is what one types at a time, not a random third.
SHORT_MIDDLE_SHARE = 0.6
LONGEST_SHORT_MIDDLE = 200
CHARACTERS_PER_TOKEN = 3.1
SPECIAL_IDS = 4
SMALLEST_ROOM = 128  # less of a row holds no example of a middle
OFFSET_CHARACTERS = 400


def windows(document: str, characters: int, rng: random.Random) -> Iterator[tuple[str, bool]]:
    """Cuts a file into pieces of whole lines; each with whether the file ends with it."""
    first = rng.randrange(OFFSET_CHARACTERS) + characters - OFFSET_CHARACTERS
    start, end = 0, first
    while start < len(document):
        line_end = document.find("\n", end)
        stop = len(document) if line_end < 0 else line_end + 1
        yield document[start:stop], stop == len(document)
        start, end = stop, stop + characters


def cut_points(length: int, rng: random.Random) -> tuple[int, int]:
    """Where the middle begins and ends."""
    if rng.random() >= SHORT_MIDDLE_SHARE:
        first, second = sorted((rng.randint(0, length), rng.randint(0, length)))
        return first, second
    middle = int(LONGEST_SHORT_MIDDLE ** rng.random())
    start = rng.randint(0, max(0, length - middle))
    return start, min(length, start + middle)


class Rows:
    """Endless rows of `length` ids; each holds windows of files one after the other."""

    def __init__(self, documents: list[str], tokenizer: Tokenizer, seed: int):
        self.documents, self.tokenizer = documents, tokenizer
        self.rng = random.Random(seed)

    def ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def plain(self, text: str, is_end: bool) -> list[int]:
        """Cut in two somewhere, so that the model knows words whose first letters were typed already."""
        cut = self.rng.randint(0, len(text))
        return [*self.ids(text[:cut]), *self.ids(text[cut:]), *([EOF] if is_end else [])]

    def filled_in(self, text: str, room: int) -> list[int]:
        """At most `room` ids: as in an editor, what is far from the cursor is left out."""
        start, end = cut_points(len(text), self.rng)
        parts = (text[:start], text[start:end], text[end:])
        prefix, middle, suffix = (self.ids(part) for part in parts)
        excess = max(0, len(prefix) + len(middle) + len(suffix) + SPECIAL_IDS - room)
        if excess:
            share = len(prefix) / max(1, len(prefix) + len(suffix))
            from_prefix = min(len(prefix), ceil(excess * share))
            from_suffix = min(len(suffix), excess - from_prefix)
            prefix, suffix = prefix[from_prefix:], suffix[: len(suffix) - from_suffix]
        return [PREFIX, SUFFIX, *suffix, MIDDLE, *prefix, *middle, EOF]

    def cut_windows(self, length: int) -> Iterator[tuple[str, bool]]:
        """A file's windows are spread over the epoch, so that a batch holds many files."""
        characters = int(length * CHARACTERS_PER_TOKEN)
        while True:
            cut = [
                window
                for document in self.documents
                for window in windows(document, characters, self.rng)
            ]
            self.rng.shuffle(cut)
            yield from cut

    def rows(self, length: int) -> Iterator[list[int]]:
        row: list[int] = []
        for text, is_end in self.cut_windows(length):
            room = length - len(row)
            fills_in = room >= SMALLEST_ROOM and self.rng.random() < FILL_IN_SHARE
            row += self.filled_in(text, room) if fills_in else self.plain(text, is_end)
            if len(row) >= length:
                yield row[:length]
                row = []
