"""The one error type of the container; its codes are shared with the TypeScript sidecar."""

from typing import Literal

Code = Literal[
    "model_not_found",
    "prompt_rejected",
    "invalid_settings",
    "out_of_memory",
    "engine_failed",
    "cancelled",
]

RETRYABLE: dict[Code, bool] = {
    "model_not_found": False,
    "prompt_rejected": False,
    "invalid_settings": False,
    "out_of_memory": True,
    "engine_failed": True,
    "cancelled": False,
}


class ModelFault(Exception):
    """A failure with a code of the closed set. ``raise ... from error`` keeps the cause.

    ``details`` travels to the client beside code and message (a list of models, faults by path).
    """

    def __init__(self, code: Code, message: str, **details: object) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.details = details

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later or elsewhere."""
        return RETRYABLE[self.code]

    def as_json(self) -> dict[str, object]:
        """Code, message and whether to retry, in the wire's form."""
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            **self.details,
        }
