"""BentoML before the demo model, as BentoML's documentation shows it: one worker, one thread, the picture is the answer."""

from typing import Annotated

import bentoml
from demo_pipeline import DemoPipeline


@bentoml.service(workers=1, threads=1, traffic={"timeout": 300})
class Pictures:
    def __init__(self) -> None:
        self.model = DemoPipeline()

    @bentoml.api
    def txt2img(
        self, prompt: str, steps: int, cfg_scale: float, width: int, height: int, seed: int, ctx: bentoml.Context
    ) -> Annotated[bytes, bentoml.validators.ContentType("image/jpeg")]:
        jpeg, generate_ms = self.model.jpeg(prompt, steps, cfg_scale, width, height, seed)
        ctx.response.headers["x-generate-ms"] = f"{generate_ms:.3f}"
        return jpeg
