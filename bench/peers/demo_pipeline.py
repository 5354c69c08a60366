"""The pipeline that services/model-diffusers serves, for servers that others wrote: one thread, a JPEG of each picture."""

import io
import os
import time

import numpy as np
import torch
from diffusers import DiffusionPipeline, EulerDiscreteScheduler
from PIL import Image


class DemoPipeline:
    """The model in the folder that MODEL names."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        folder = os.environ["MODEL"]
        self.pipeline = DiffusionPipeline.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
        self.pipeline.scheduler = EulerDiscreteScheduler.from_config(self.pipeline.scheduler.config)
        self.pipeline.set_progress_bar_config(disable=True)

    def jpeg(
        self, prompt: str, steps: int, cfg_scale: float, width: int, height: int, seed: int
    ) -> tuple[bytes, float]:
        """A picture, and for how many ms the model ran for it."""
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
        generate_ms = (time.perf_counter() - began) * 1000
        picture = Image.fromarray((made.images[0].clip(0, 1) * 255).round().astype(np.uint8), mode="RGB")
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=92, subsampling=0)
        return data.getvalue(), generate_ms
