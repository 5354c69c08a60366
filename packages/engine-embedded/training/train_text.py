"""Teaches the text encoder to understand captions before any picture is drawn.

    python train_text.py --steps 2500

CLIP's encoder is causal, so a word cannot know what follows it; but the padding
after the prompt can see everything. The last positions are therefore given a job
each: one tells the background, the others one object each (present or not, shape,
colour, place, radius), all readable by a linear map. Cross-attention then only has
to find the object that covers a place, which a small UNet learns quickly.
"""

from __future__ import annotations

import argparse
import random
import time

import torch
import torch.nn.functional as F
from torch import nn

from evaluation_prompts import TEXT_TRAINING_SEED, held_out_captions
from models import TEXT_LENGTH, TEXT_WIDTH, WORK, new_text_encoder, save_atomically
from scenes import SIZES, Scene, random_scene
from shapes import COLOURS, SHAPES
from word_tokenizer import FastTokenizer

CHECKPOINT = WORK / "text.pt"
MAX_OBJECTS = 4
BACKGROUND_POSITION = TEXT_LENGTH - 1
OBJECT_POSITIONS = tuple(range(TEXT_LENGTH - 1 - MAX_OBJECTS, TEXT_LENGTH - 1))
COLOUR_INDEX = {name: index for index, name in enumerate(COLOURS)}
UNTOLD_COLOUR, UNTOLD_SHAPE, UNTOLD_SIZE = len(COLOURS), len(SHAPES), len(SIZES)
IGNORE = -100
# Columns of an object's target: present, shape, colour, size, then x, y, radius.
CLASSES = {
    "present": 2,
    "shape": len(SHAPES) + 1,
    "colour": len(COLOURS) + 1,
    "size": len(SIZES) + 1,
}


class Heads(nn.Module):
    """Linear readers of the carrier positions; thrown away after training."""

    def __init__(self) -> None:
        super().__init__()
        self.classes = nn.ModuleDict(
            {name: nn.Linear(TEXT_WIDTH, size) for name, size in CLASSES.items()}
        )
        self.place = nn.Linear(TEXT_WIDTH, 3)
        self.background = nn.Linear(TEXT_WIDTH, len(COLOURS) + 1)


def targets(scene: Scene) -> tuple[int, list[list[int]], list[list[float]]]:
    """Background class, one row of classes per object, one row of (x, y, radius) per object.

    What the caption left out is a class of its own; a place that it left out is NaN.
    """
    told = scene.told
    background = COLOUR_INDEX[scene.background] if "background" in told else UNTOLD_COLOUR
    single_fact = len(told) == 1 and "place" not in told
    rows, places = [], []
    for k in range(MAX_OBJECTS):
        if k >= len(scene.items):
            rows.append([IGNORE if single_fact else 0, IGNORE, IGNORE, IGNORE])
            places.append([float("nan")] * 3)
            continue
        item, fact = scene.items[k], 0 if scene.kind == "count" else k
        rows.append(
            [
                IGNORE if single_fact else 1,
                SHAPES.index(item.shape) if f"shape{fact}" in told else UNTOLD_SHAPE,
                COLOUR_INDEX[item.colour] if f"colour{fact}" in told else UNTOLD_COLOUR,
                SIZES.index(item.size) if f"size{fact}" in told else UNTOLD_SIZE,
            ]
        )
        place_known, size_known = "place" in told, f"size{fact}" in told
        nan = float("nan")
        places.append(
            [
                item.x if place_known else nan,
                item.y if place_known else nan,
                item.radius if size_known else nan,
            ]
        )
    return background, rows, places


def batch(rng: random.Random, tokenizer: FastTokenizer, size: int, held_out: set[str]):
    """Token ids and targets of `size` fresh captions."""
    ids, backgrounds, rows, places = [], [], [], []
    for _ in range(size):
        scene, words = random_scene(rng)
        while scene.caption in held_out:
            scene, words = random_scene(rng)
        ids.append(tokenizer.encode(words))
        background, object_rows, object_places = targets(scene)
        backgrounds.append(background)
        rows.append(object_rows)
        places.append(object_places)
    return torch.tensor(ids), torch.tensor(backgrounds), torch.tensor(rows), torch.tensor(places)


def losses(
    hidden: torch.Tensor, heads: Heads, background, rows, places
) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss, and how often each fact is read right."""
    right = {}
    logits = heads.background(hidden[:, BACKGROUND_POSITION])
    loss = F.cross_entropy(logits, background)
    right["background"] = (logits.argmax(1) == background).float().mean().item()
    objects = hidden[:, OBJECT_POSITIONS[0] : OBJECT_POSITIONS[-1] + 1]
    for column, (name, head) in enumerate(heads.classes.items()):
        wanted = rows[:, :, column].flatten()
        logits = head(objects).flatten(0, 1)
        loss = loss + F.cross_entropy(logits, wanted, ignore_index=IGNORE)
        right[name] = (logits.argmax(1) == wanted)[wanted != IGNORE].float().mean().item()
    guess, known = heads.place(objects), ~places.isnan()
    error = (guess - places.nan_to_num())[known]
    right["place error"] = error.abs().mean().item()
    return loss + 30 * error.pow(2).mean() + error.abs().mean(), right


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=2500)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(2)
    held_out = held_out_captions()
    rng, tokenizer = random.Random(TEXT_TRAINING_SEED), FastTokenizer()
    encoder, heads = new_text_encoder(len(tokenizer.vocabulary), tokenizer.end), Heads()
    nn.init.normal_(encoder.get_input_embeddings().weight, std=0.3)
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1.5e-3, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1.5e-3, arguments.steps, pct_start=0.08
    )
    started = time.process_time()
    for step in range(1, arguments.steps + 1):
        ids, *wanted = batch(rng, tokenizer, 128, held_out)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = encoder(ids).last_hidden_state
        loss, right = losses(hidden.float(), heads, *wanted)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == arguments.steps:
            cpu_s = time.process_time() - started
            save_atomically(
                {"encoder": encoder.state_dict(), "heads": heads.state_dict(), "cpu_s": cpu_s},
                CHECKPOINT,
            )
            print(
                f"text {step} loss {loss.item():.3f}",
                {k: round(v, 3) for k, v in right.items()},
                f"cpu {cpu_s:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
