"""What a request may hold. Nothing is coerced; every fault is named by its path."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from .faults import ModelFault
from .samplers import SAMPLERS, canonical_sampler

MAX_SEED = 2**53 - 1
MAX_TASKS = 32
MAX_IMAGES_PER_TASK = 256
MAX_PROMPT_CHARACTERS = 10_000

Side = Annotated[int, Field(ge=64, le=2048, multiple_of=8)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Prompt = Annotated[str, Field(max_length=MAX_PROMPT_CHARACTERS)]


class Strict(BaseModel):
    """No unknown fields and no coercion: the only client is a typed one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Task(Strict):
    """One job's share of a request: one image for each seed, in their order."""

    id: str = Field(min_length=1, max_length=200)
    prompt: Prompt
    negative_prompt: Prompt = ""
    seeds: list[Seed] = Field(min_length=1, max_length=MAX_IMAGES_PER_TASK)
    traceparent: str | None = Field(default=None, max_length=100)


class GenerateRequest(Strict):
    """Tasks that share everything but prompts and seeds. Sizes are pixels.

    ``preview_every`` asks for a small picture of the latents after every so many steps; 0 for none.
    """

    model: str = Field(min_length=1, max_length=200)
    sampler_name: str
    steps: int = Field(ge=1, le=150)
    cfg_scale: float = Field(ge=0, le=50, allow_inf_nan=False)
    width: Side
    height: Side
    preview_every: int = Field(default=0, ge=0, le=150)
    tasks: list[Task] = Field(min_length=1, max_length=MAX_TASKS)

    @field_validator("sampler_name")
    @classmethod
    def _known_sampler(cls, name: str) -> str:
        canonical = canonical_sampler(name)
        if canonical is None:
            raise ValueError(f"no sampler is called {name!r}; there are: {', '.join(SAMPLERS)}")
        return canonical

    @field_validator("tasks")
    @classmethod
    def _unlike_ids(cls, tasks: list[Task]) -> list[Task]:
        if len({task.id for task in tasks}) < len(tasks):
            raise ValueError("two tasks have the same id")
        return tasks

    @property
    def image_count(self) -> int:
        """Images asked for by all tasks together."""
        return sum(len(task.seeds) for task in self.tasks)


def read_request(body: bytes) -> GenerateRequest:
    """The request in a JSON body. Raises ModelFault(invalid_settings) with all faults by path."""
    try:
        return GenerateRequest.model_validate_json(body)
    except ValidationError as error:
        faults = [
            {"path": ".".join(str(part) for part in fault["loc"]), "message": fault["msg"]}
            for fault in error.errors(include_url=False, include_input=False)
        ]
        message = "; ".join(f"{fault['path'] or 'body'}: {fault['message']}" for fault in faults)
        raise ModelFault("invalid_settings", message, faults=faults) from error
