"""A contact sheet of the exported Diffusers model, to look at.

python sample_grid.py sheet.png [--model FOLDER] [--steps 20] [--sampler euler] [--cfg 2]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image, ImageDraw

from export_diffusers import OUT
from pipelines import draw, use_sampler

PROMPTS = [
    ("a red circle above a blue square on a green background", {}),
    ("a blue circle above a red square on a green background", {}),
    ("a yellow star on a black background", {}),
    ("a white heart on a pink background", {}),
    ("three green triangles on a white background", {}),
    ("four small orange crosses on a blue background", {}),
    ("a large purple diamond on a yellow background", {}),
    ("a small cyan ring at the top left on a black background", {}),
    ("a small cyan ring at the bottom right on a black background", {}),
    ("a green square left of a pink heart on a gray background", {}),
    ("an orange triangle below a white ring on a purple background", {}),
    ("two brown hearts on a cyan background", {}),
    ("a yellow star right of a blue ring on a red background", {"width": 192}),
    ("a red circle above a blue square on a green background", {"height": 192}),
    ("A dog", {}),
    ("a circle", {}),
    ("a circle", {"negative_prompt": "red"}),
    ("a red circle above a blue square", {}),
    ("four yellow hearts on a purple background", {}),
    ("three pink stars on a brown background", {"width": 192}),
    ("a white cross to the left of a black diamond on an orange background", {}),
    ("red circle, blue background", {}),
    ("a black triangle in the bottom left corner on a yellow background", {}),
    ("a green ring under a red star, highly detailed, masterpiece", {}),
]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--model", type=Path, default=OUT)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--sampler", default="euler")
    parser.add_argument("--cfg", type=float, default=2.0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    pipeline = StableDiffusionPipeline.from_pretrained(arguments.model, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    use_sampler(pipeline, arguments.sampler)
    columns, cell = 8, 150
    sheet = Image.new("RGB", (columns * cell, -(-len(PROMPTS) // columns) * (cell + 30)), "white")
    pen = ImageDraw.Draw(sheet)
    for k, (prompt, settings) in enumerate(PROMPTS):
        image = draw(pipeline, prompt, seed=k, steps=arguments.steps, cfg=arguments.cfg, **settings)
        image.thumbnail((cell - 6, cell - 6))
        left, top = k % columns * cell, k // columns * (cell + 30)
        sheet.paste(image, (left, top))
        pen.text(
            (left, top + cell - 4), prompt[:28] + "\n" + prompt[28:56], fill="black", font_size=9
        )
    sheet.save(arguments.sheet)


if __name__ == "__main__":
    main()
