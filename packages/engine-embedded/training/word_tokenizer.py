"""A CLIP tokenizer in which every word of the captions is one token.

CLIP's tokenizer is byte-pair encoding, so a word becomes one token when there is a
chain of merges from its bytes to the whole word. Anything else falls apart into
the pieces that exist, at worst into single bytes, so no prompt is an error.
"""

from __future__ import annotations

from itertools import pairwise

from transformers import CLIPTokenizer

from captions import all_words
from models import TEXT_LENGTH

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"


def byte_symbols() -> list[str]:
    """The 256 printable characters that stand for the bytes, in byte order (as GPT-2 and CLIP have them)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(spare)) for byte in range(256)]


def split(word: str, ranks: dict[tuple[str, str], int]) -> list[str]:
    """Byte-pair encoding of one word: the earliest merge that applies, everywhere, until none does."""
    symbols = byte_symbols()
    pieces = [symbols[byte] for byte in word.encode()]
    pieces[-1] += WORD_END
    while len(pieces) > 1:
        best = min(pairwise(pieces), key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            break
        joined, k = [], 0
        while k < len(pieces):
            if k + 1 < len(pieces) and (pieces[k], pieces[k + 1]) == best:
                joined.append(best[0] + best[1])
                k += 2
            else:
                joined.append(pieces[k])
                k += 1
        pieces = joined
    return pieces


def build_vocabulary(words: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges, in the order of their ranks.

    Each word is split by the merges there are so far and what is missing is added, so a
    later merge has a later rank and can never break an earlier word.
    """
    ranks: dict[tuple[str, str], int] = {}
    for word in words:
        while len(pieces := split(word, ranks)) > 1:
            ranks[(pieces[0], pieces[1])] = len(ranks)
    symbols = byte_symbols()
    tokens = [
        *symbols,
        *(symbol + WORD_END for symbol in symbols),
        *(a + b for a, b in ranks),
        START,
        END,
    ]
    tokens = list(dict.fromkeys(tokens))
    return {token: index for index, token in enumerate(tokens)}, list(ranks)


def new_tokenizer() -> CLIPTokenizer:
    vocabulary, merges = build_vocabulary(all_words())
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=TEXT_LENGTH)


class FastTokenizer:
    """Token ids of caption words without the tokenizer library's overhead, for training."""

    def __init__(self) -> None:
        self.vocabulary, merges = build_vocabulary(all_words())
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.start, self.end = self.vocabulary[START], self.vocabulary[END]
        self.known: dict[str, list[int]] = {}

    def word(self, word: str) -> list[int]:
        if word not in self.known:
            # CLIP's tokenizer takes digits one by one and apart from letters.
            parts, run = [], ""
            for character in word:
                if character.isalpha():
                    run += character
                    continue
                parts, run = [*parts, *([run] if run else []), character], ""
            parts += [run] if run else []
            self.known[word] = [
                self.vocabulary[piece] for part in parts for piece in split(part, self.ranks)
            ]
        return self.known[word]

    def encode(self, words: list[str]) -> list[int]:
        ids = [self.start]
        for word in words:
            ids.extend(self.word(word))
        ids = ids[: TEXT_LENGTH - 1]
        return ids + [self.end] * (TEXT_LENGTH - len(ids))
