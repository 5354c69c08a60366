"""Like `scripted`, with one answer for a request and each setting as a tensor of its own.

{"pieces": […], "error": {…}, "crash": true, "hang_seconds": 3, "wait_seconds": 9, "key": "k"}: hanging it
notices nothing, waiting it sees that it was cancelled. {"report": "k"} and any other text are answered as
`scripted` answers them.
"""

import json
import time

import numpy as np
import triton_python_backend_utils as pb_utils

SETTINGS = ("max_tokens", "temperature", "top_k", "top_p", "random_seed", "stop_words", "presence_penalty")


class TritonPythonModel:
    """One request after the other."""

    def initialize(self, _args):
        """Nothing was asked for yet."""
        self._records = {}

    def execute(self, requests):
        """One answer for each, in their order."""
        return [self._play(request) for request in requests]

    def _play(self, request):
        prompt = pb_utils.get_input_tensor_by_name(request, "text_input").as_numpy().reshape(-1)[0].decode()
        try:
            script = json.loads(prompt)
        except ValueError:
            return answer(json.dumps({"prompt": prompt, **settings_of(request)}))
        if "report" in script:
            return answer(json.dumps(self._records.get(script["report"], {"state": "unknown"})))
        if script.get("crash"):
            raise RuntimeError("the model fell over")
        time.sleep(script.get("hang_seconds", 0))
        until = time.monotonic() + script.get("wait_seconds", 0)
        while time.monotonic() < until and not request.is_cancelled():
            time.sleep(0.01)
        self._records[script.get("key")] = {"state": "cancelled" if request.is_cancelled() else "done"}
        if "error" in script:
            code = getattr(pb_utils.TritonError, script["error"]["code"])
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(script["error"]["message"], code))
        return answer("".join(script.get("pieces", [])))


def settings_of(request):
    """The settings that were given, each as the tensor had it."""
    tensors = ((name, pb_utils.get_input_tensor_by_name(request, name)) for name in SETTINGS)
    given = ((name, tensor.as_numpy()) for name, tensor in tensors if tensor is not None)
    return {name: [plain(one) for one in values.reshape(-1).tolist()] for name, values in given}


def plain(value):
    """Text of bytes; numbers as they are."""
    return value.decode() if isinstance(value, bytes) else value


def answer(text):
    """A response with a text."""
    text_output = np.array([[text.encode()]], dtype=np.object_)
    return pb_utils.InferenceResponse([pb_utils.Tensor("text_output", text_output)])
