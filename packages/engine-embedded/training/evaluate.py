"""Scores pictures of the 200 unseen prompts: background, count, colour, shape, relation, position.

    python evaluate.py draw FOLDER [--model M] [--sampler euler] [--steps 20] [--cfg 2]
    python evaluate.py truth FOLDER      the renderer's own pictures: what the judge itself gets right
    python evaluate.py score FOLDER      FOLDER/<id>.png from any engine

`score` takes the prompts from FOLDER/prompts.json if it is there, so that another
engine can be judged on a copy; each entry names prompt, seed, width and height.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from PIL import Image

from evaluation_prompts import PROMPTS_FILE, load_prompts
from scenes import Item, Scene, render
from scoring import score_picture


def draw_all(arguments: argparse.Namespace) -> None:
    import torch
    from diffusers import StableDiffusionPipeline

    from export_diffusers import OUT
    from pipelines import draw, use_sampler

    torch.set_num_threads(1)
    pipeline = StableDiffusionPipeline.from_pretrained(
        arguments.model or OUT, torch_dtype=torch.float32
    )
    pipeline.set_progress_bar_config(disable=True)
    use_sampler(pipeline, arguments.sampler)
    for entry in load_prompts():
        image = draw(
            pipeline,
            entry["prompt"],
            seed=entry["seed"],
            steps=arguments.steps,
            cfg=arguments.cfg,
            width=entry["width"],
            height=entry["height"],
        )
        image.save(arguments.folder / f"{entry['id']}.png")


def draw_truth(folder: Path) -> None:
    for entry in load_prompts():
        scene = Scene(
            entry["kind"], tuple(Item(**item) for item in entry["items"]), entry["background"]
        )
        pixels = render(scene, entry["width"], entry["height"], random.Random(entry["seed"]))
        Image.fromarray(pixels).save(folder / f"{entry['id']}.png")


def score_all(folder: Path) -> dict:
    """Share of prompts for which each fact is right; shares by kind beside them."""
    own = folder / "prompts.json"
    outcomes: dict[str, list[bool]] = {}
    failures = []
    for entry in load_prompts(own if own.exists() else PROMPTS_FILE):
        facts = score_picture(entry, Image.open(folder / f"{entry['id']}.png"))
        for fact, right in facts.items():
            outcomes.setdefault(fact, []).append(right)
            outcomes.setdefault(f"{entry['kind']}: {fact}", []).append(right)
        wrong = [fact for fact, right in facts.items() if not right and fact != "everything"]
        if wrong:
            failures.append({"id": entry["id"], "prompt": entry["prompt"], "wrong": wrong})
    scores = {
        fact: {"right": sum(v), "of": len(v), "share": round(sum(v) / len(v), 3)}
        for fact, v in outcomes.items()
    }
    return {"scores": scores, "failures": failures}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=("draw", "truth", "score"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--sampler", default="euler")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--cfg", type=float, default=2.0)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.action == "draw":
        draw_all(arguments)
    elif arguments.action == "truth":
        draw_truth(arguments.folder)
    report = score_all(arguments.folder)
    (arguments.folder / "scores.json").write_text(json.dumps(report, indent=2))
    for fact, score in report["scores"].items():
        print(f"{fact:20s} {100 * score['share']:5.1f} %  {score['right']}/{score['of']}")


if __name__ == "__main__":
    main()
