"""Token ids in, token ids out: the n-gram model behind the tensors of FasterTransformer's GPT models."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

SERVICE = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SERVICE))
from genfleet_ngram import Generation, Sampling, load_model


class TritonPythonModel:
    """Writes the requests of a batch together, one token of each at a time."""

    def initialize(self, _args):
        """Reads the model."""
        self._model, _, self._end_id = load_model(SERVICE / "model")

    def execute(self, requests):
        """One answer for each request, in their order."""
        begun = [self._begin(request) for request in requests]
        open_texts = [text for text in begun if isinstance(text, Text)]
        while open_texts:
            for text in open_texts:
                text.step()
            open_texts = [text for text in open_texts if not text.is_over]
        return [text.response() if isinstance(text, Text) else text for text in begun]

    def _begin(self, request):
        try:
            return Text(request, self._model, self._end_id)
        except (ValueError, IndexError) as fault:
            error = pb_utils.TritonError(str(fault), pb_utils.TritonError.INVALID_ARG)
            return pb_utils.InferenceResponse(error=error)


class Text:
    """A request's text so far."""

    def __init__(self, request, model, end_id: int):
        self._request = request
        self._length = int(number_of(request, "request_output_len", 0))
        ids = numbers_of(request, "input_ids")
        self._prompt = ids[: int(number_of(request, "input_lengths", len(ids)))]
        if not self._prompt:
            raise ValueError("input_ids is empty")
        self._end_id = int(number_of(request, "end_id", end_id))
        self._is_cancelled = False
        self._generation = Generation(
            model,
            self._end_id,
            self._prompt,
            Sampling(
                max_tokens=self._length,
                temperature=float(number_of(request, "temperature", 1)),
                top_p=float(number_of(request, "runtime_top_p", 1)) or 1.0,
                top_k=int(number_of(request, "runtime_top_k", 0)),
                seed=int(number_of(request, "random_seed", 0)),
                stop_ids=stop_words(numbers_of(request, "stop_words_list")),
            ),
        )

    @property
    def is_over(self) -> bool:
        """Nothing more is to come."""
        return self._is_cancelled or self._generation.finish_reason is not None

    def step(self) -> None:
        """Writes the next token, unless nobody waits for it."""
        self._is_cancelled = self._request.is_cancelled()
        if not self.is_over:
            self._generation.step()

    def response(self):
        """Prompt and text, filled up with the end to the length asked for; one beam."""
        if self._is_cancelled:
            error = pb_utils.TritonError("request was cancelled", pb_utils.TritonError.CANCELLED)
            return pb_utils.InferenceResponse(error=error)
        written = self._prompt + self._generation.ids
        padded = written + [self._end_id] * (len(self._prompt) + self._length - len(written))
        return pb_utils.InferenceResponse(
            [
                pb_utils.Tensor("output_ids", np.array([[padded]], dtype=np.uint32)),
                pb_utils.Tensor("sequence_length", np.array([[len(written)]], dtype=np.uint32)),
            ]
        )


def numbers_of(request, name: str) -> list[int]:
    """The input tensor's numbers in a row; none without the tensor."""
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return [] if tensor is None else tensor.as_numpy().reshape(-1).tolist()


def number_of(request, name: str, default: float) -> float:
    """The input tensor's first number."""
    return next(iter(numbers_of(request, name)), default)


def stop_words(flat: list[int]) -> list[list[int]]:
    """FasterTransformer's list of words: all their ids in one row, below it where each ends, then -1."""
    ids, ends = flat[: len(flat) // 2], flat[len(flat) // 2 :]
    words, start = [], 0
    for end in ends:
        if end < 0:
            break
        words.append(ids[start:end])
        start = end
    return words
