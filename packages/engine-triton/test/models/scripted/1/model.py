"""A model that does what its prompt says, for tests of what a proper model would not do.

The prompt is JSON: {"pieces": ["a"], "times": 3, "every_ms": 10, "error": {"code": "INVALID_ARG",
"message": "why"}, "hang": true, "key": "k"}; the error comes after the pieces. {"report": "k"} is answered
with what became of the request with that key. Any other text is answered with what arrived: itself, the
settings and the parameters of the request.
"""

import json
import threading
import time

import numpy as np
import triton_python_backend_utils as pb_utils

FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
HANG_SECONDS = 30


class TritonPythonModel:
    """One thread for each request."""

    def initialize(self, _args):
        """Nothing was asked for yet."""
        self._records = {}

    def execute(self, requests):
        """Answers come through each request's sender."""
        for request in requests:
            sender = request.get_response_sender()
            threading.Thread(target=self._play, args=(request, sender), daemon=True).start()

    def _play(self, request, sender):
        prompt = text_of(request, "text_input")
        script = script_of(prompt)
        if script is None:
            sender.send(answer(arrived(request, prompt)), flags=FINAL)
            return
        if "report" in script:
            record = self._records.get(script["report"], {"state": "unknown"})
            sender.send(answer(json.dumps(record)), flags=FINAL)
            return
        record = self._records.setdefault(script.get("key"), {"state": "running", "pieces": 0})
        for piece in script.get("pieces", []) * script.get("times", 1):
            if sender.is_cancelled():
                record["state"] = "cancelled"
                sender.send(failure("CANCELLED", "cancelled"), flags=FINAL)
                return
            sender.send(answer(piece))
            record["pieces"] += 1
            time.sleep(script.get("every_ms", 0) / 1000)
        if script.get("hang"):
            until = time.monotonic() + HANG_SECONDS
            while time.monotonic() < until and not sender.is_cancelled():
                time.sleep(0.01)
            record["state"] = "cancelled" if sender.is_cancelled() else "hung"
            sender.send(failure("CANCELLED", "cancelled"), flags=FINAL)
            return
        record["state"] = "done"
        if "error" in script:
            sender.send(failure(**script["error"]), flags=FINAL)
        else:
            sender.send(flags=FINAL)


def script_of(prompt):
    """The prompt as JSON, None if it is none."""
    try:
        script = json.loads(prompt)
    except ValueError:
        return None
    return script if isinstance(script, dict) else None


def arrived(request, prompt):
    """What the model was given."""
    sampling = pb_utils.get_input_tensor_by_name(request, "sampling_parameters")
    return json.dumps(
        {
            "prompt": prompt,
            "sampling": None if sampling is None else json.loads(text_of(request, "sampling_parameters")),
            "parameters": json.loads(request.parameters()),
        }
    )


def text_of(request, name):
    """A tensor's text."""
    return pb_utils.get_input_tensor_by_name(request, name).as_numpy().reshape(-1)[0].decode()


def answer(text):
    """A response with a text."""
    text_output = np.array([text.encode()], dtype=np.object_)
    return pb_utils.InferenceResponse([pb_utils.Tensor("text_output", text_output)])


def failure(code, message):
    """A response that is an error."""
    return pb_utils.InferenceResponse(
        error=pb_utils.TritonError(message, getattr(pb_utils.TritonError, code))
    )
