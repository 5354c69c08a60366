"""Like `scripted`, with one answer for a request and each setting as a tensor of its own.

{"pieces": […], "error": {…}, "crash": true, "hang_seconds": 3}; any other text is answered with what arrived.
"""

import json
import time

import numpy as np
import triton_python_backend_utils as pb_utils

SETTINGS = ("max_tokens", "temperature", "top_k", "top_p", "random_seed", "stop_words", "presence_penalty")


class TritonPythonModel:
    """One request after the other."""

    def execute(self, requests):
        """One answer for each, in their order."""
        return [self._play(request) for request in requests]

    def _play(self, request):
        prompt = pb_utils.get_input_tensor_by_name(request, "text_input").as_numpy().reshape(-1)[0].decode()
        try:
            script = json.loads(prompt)
        except ValueError:
            return answer(json.dumps({"prompt": prompt, **settings_of(request)}))
        if script.get("crash"):
            raise RuntimeError("the model fell over")
        time.sleep(script.get("hang_seconds", 0))
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
