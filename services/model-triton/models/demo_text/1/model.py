"""Text in, text out: the n-gram model behind the tensors of Triton's vLLM backend."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

SERVICE = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SERVICE))
from genfleet_ngram import Generation, Sampling, TextStream, load_model

FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
DEFAULT_MAX_TOKENS = 16


class TritonPythonModel:
    """One thread writes one text, so that a long one holds nobody up."""

    def initialize(self, args):
        """Reads the model and its limits."""
        config = json.loads(args["model_config"])
        self._model, self._tokenizer, self._end_id = load_model(SERVICE / "model")
        at_once = int(config["parameters"]["texts_at_once"]["string_value"])
        self._threads = ThreadPoolExecutor(max_workers=at_once)

    def execute(self, requests):
        """Answers come later, through each request's own sender."""
        for request in requests:
            self._threads.submit(self._answer, request, request.get_response_sender())

    def finalize(self):
        """Lets what was begun end."""
        self._threads.shutdown(cancel_futures=True)

    def _answer(self, request, sender):
        try:
            self._write(request, sender)
        except (ValueError, TypeError) as fault:
            self._fail(sender, str(fault), pb_utils.TritonError.INVALID_ARG)
        except Exception as fault:
            pb_utils.Logger.log_error(f"demo_text: {fault!r}")
            self._fail(sender, str(fault), pb_utils.TritonError.INTERNAL)

    def _write(self, request, sender):
        prompt = text_of(request, "text_input", "")
        settings = json.loads(text_of(request, "sampling_parameters", "{}"))
        is_stream = flag_of(request, "stream", False)
        ids = self._tokenizer.encode(prompt, add_special_tokens=False).ids
        generation = Generation(self._model, self._end_id, ids, sampling_of(settings))
        stream = TextStream(
            self._tokenizer,
            settings.get("stop", []),
            settings.get("include_stop_str_in_output", False),
        )
        # as the vLLM backend has it: with the prompt in front unless it streams or is told otherwise
        begins = "" if flag_of(request, "exclude_input_in_output", is_stream) else prompt
        is_over = False
        unsent = ""
        sent_tokens = 0
        while not is_over:
            if sender.is_cancelled():
                self._fail(sender, "request was cancelled", pb_utils.TritonError.CANCELLED)
                return
            generation.step()
            piece = stream.piece(generation.ids, generation.finish_reason is not None)
            is_over = stream.stopped or generation.finish_reason is not None
            unsent += piece
            if is_over or (is_stream and unsent):
                reason = "stop" if stream.stopped else str(generation.finish_reason)
                outputs = [pb_utils.Tensor("text_output", text_tensor(begins + unsent))]
                if flag_of(request, "return_finish_reason", False):
                    outputs.append(pb_utils.Tensor("finish_reason", text_tensor(reason)))
                if flag_of(request, "return_num_output_tokens", False):
                    fresh = np.array([len(generation.ids) - sent_tokens], dtype=np.uint32)
                    outputs.append(pb_utils.Tensor("num_output_tokens", fresh))
                sender.send(pb_utils.InferenceResponse(outputs), flags=FINAL if is_over else 0)
                begins = unsent = ""
                sent_tokens = len(generation.ids)

    @staticmethod
    def _fail(sender, message, code):
        error = pb_utils.TritonError(message, code)
        sender.send(pb_utils.InferenceResponse(error=error), flags=FINAL)


def sampling_of(settings: dict) -> Sampling:
    """Those of vLLM's sampling parameters that this model honours; another one is a fault."""
    known = {"stop", "include_stop_str_in_output", *Sampling.__dataclass_fields__} - {"stop_ids"}
    if strange := sorted(set(settings) - known):
        raise ValueError(f"sampling_parameters: {', '.join(strange)} is not known here")
    numbers = {key: value for key, value in settings.items() if key in Sampling.__dataclass_fields__}
    return Sampling(**{"max_tokens": DEFAULT_MAX_TOKENS, **numbers})


def text_tensor(text: str) -> np.ndarray:
    """One text as Triton's BYTES."""
    return np.array([text.encode()], dtype=np.object_)


def text_of(request, name: str, default: str) -> str:
    """The input tensor's text."""
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return default if tensor is None else tensor.as_numpy().reshape(-1)[0].decode()


def flag_of(request, name: str, default: bool) -> bool:
    """The input tensor's truth."""
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return default if tensor is None else bool(tensor.as_numpy().reshape(-1)[0])
