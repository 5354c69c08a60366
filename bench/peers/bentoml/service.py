"""BentoML before the pipeline that services/model-diffusers serves, as BentoML's documentation shows it: one worker,
one thread, the picture is the answer."""

import io
import os
import time
from typing import Annotated

import bentoml
import numpy as np
import torch
from diffusers import DiffusionPipeline, EulerDiscreteScheduler
from PIL import Image


@bentoml.service(workers=1, threads=1, traffic={"timeout": 300})
class Pictures:
    def __init__(self) -> None:
        torch.set_num_threads(1)
        folder = os.environ["MODEL"]
        self.pipeline = DiffusionPipeline.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
        self.pipeline.scheduler = EulerDiscreteScheduler.from_config(self.pipeline.scheduler.config)
        self.pipeline.set_progress_bar_config(disable=True)

    @bentoml.api
    def txt2img(
        self, prompt: str, steps: int, cfg_scale: float, width: int, height: int, seed: int, ctx: bentoml.Context
    ) -> Annotated[bytes, bentoml.validators.ContentType("image/jpeg")]:
        began = time.perf_counter()
        with torch.inference_mode():
            made = self.pipeline(
                prompt=[prompt],
                num_inference_steps=steps,
                guidance_scale=cfg_scale,
                width=width,
                height=height,
                generator=[torch.Generator("cpu").manual_seed(seed)],
                output_type="np",
            )
        ctx.response.headers["x-generate-ms"] = f"{(time.perf_counter() - began) * 1000:.3f}"
        picture = Image.fromarray((made.images[0].clip(0, 1) * 255).round().astype(np.uint8), mode="RGB")
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=92, subsampling=0)
        return data.getvalue()
