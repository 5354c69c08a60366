"""Text out of tokens, piece by piece, up to a stop sequence."""

from __future__ import annotations

from tokenizers import Tokenizer

INCOMPLETE = "\ufffd"


class TextStream:
    """Gives no half characters, and nothing that may turn out to be part of a stop sequence."""

    def __init__(self, tokenizer: Tokenizer, stops: list[str], include_stop: bool = False):
        self._tokenizer = tokenizer
        self._stops = [stop for stop in stops if stop]
        self._include_stop = include_stop
        self._given = 0
        self.stopped = False

    def piece(self, ids: list[int], is_last: bool) -> str:
        """What these ids, all of the text so far, add to what was given."""
        text = self._tokenizer.decode(ids)
        end = len(text)
        starts = [(at, stop) for stop in self._stops if (at := text.find(stop)) >= 0]
        if starts:
            at, stop = min(starts, key=lambda found: found[0] + len(found[1]))
            end = at + (len(stop) if self._include_stop else 0)
            self.stopped = True
        elif not is_last:
            if text.endswith(INCOMPLETE):
                return ""
            end -= self._held_back(text)
        given, self._given = self._given, max(self._given, end)
        return text[given:end]

    def _held_back(self, text: str) -> int:
        beginnings = (stop[:length] for stop in self._stops for length in range(1, len(stop)))
        return max((len(one) for one in beginnings if text.endswith(one)), default=0)
