"""The 200 prompts that the model is judged by, and what keeps them out of its training.

    python evaluation_prompts.py      writes evaluation-prompts.json again

A prompt is taken only if the text encoder's training never produced the same caption
(its whole stream of captions is replayed here), and no picture with the same content
(same shapes, colours, sizes, layout and background) is ever drawn for training.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from scenes import COUNT_LAYOUTS, POSITIONS, RELATIONS, Scene, random_scene

PROMPTS_FILE = Path(__file__).parent / "evaluation-prompts.json"
SHARES = {"one": 66, "pair": 68, "count": 66}
CANVASES = ((128, 128), (128, 128), (128, 128), (192, 128), (128, 192))
PROMPT_SEED = 4242
TEXT_TRAINING_SEED = 20
TEXT_TRAINING_CAPTIONS = 2500 * 128


def content_key(scene: Scene) -> str:
    """What is to be seen, apart from jitter and wording."""
    items = [f"{i.size} {i.colour} {i.shape}" for i in scene.items]
    return " | ".join([scene.kind, *items, str(scene.relation), scene.position, scene.background])


def tells_everything(scene: Scene) -> bool:
    """Whether the caption fixes all that is scored."""
    wanted = {"place", "background"}
    for k in range(len(scene.items) if scene.kind == "pair" else 1):
        wanted |= {f"colour{k}", f"shape{k}"}
    return wanted <= scene.told


def load_prompts(path: Path = PROMPTS_FILE) -> list[dict]:
    return json.loads(path.read_text())


def held_out_contents() -> set[str]:
    return {entry["content"] for entry in load_prompts()} if PROMPTS_FILE.exists() else set()


def held_out_captions() -> set[str]:
    return {entry["prompt"] for entry in load_prompts()} if PROMPTS_FILE.exists() else set()


def _balanced_value(scene: Scene) -> str:
    return {"one": scene.position, "pair": str(scene.relation), "count": str(len(scene.items))}[
        scene.kind
    ]


def make_prompts() -> list[dict]:
    """Equal numbers of each position, relation and count."""
    replay = random.Random(TEXT_TRAINING_SEED)
    seen = {random_scene(replay)[0].caption for _ in range(TEXT_TRAINING_CAPTIONS)}
    rng, prompts, taken = random.Random(PROMPT_SEED), [], {}
    values = {"one": len(POSITIONS), "pair": len(RELATIONS), "count": len(COUNT_LAYOUTS)}
    while len(prompts) < sum(SHARES.values()):
        scene, _ = random_scene(rng)
        canvas = rng.choice(CANVASES)
        bucket = (scene.kind, _balanced_value(scene))
        limit = -(-SHARES[scene.kind] // values[scene.kind])
        kind_count = sum(entry["kind"] == scene.kind for entry in prompts)
        full = kind_count >= SHARES[scene.kind] or taken.get(bucket, 0) >= limit
        if full or scene.caption in seen or not tells_everything(scene):
            continue
        taken[bucket] = taken.get(bucket, 0) + 1
        prompts.append(
            {
                "id": f"{len(prompts):03d}",
                "prompt": scene.caption,
                "seed": 1000 + len(prompts),
                "width": canvas[0],
                "height": canvas[1],
                "kind": scene.kind,
                "background": scene.background,
                "position": scene.position,
                "relation": scene.relation,
                "size_told": "size0" in scene.told,
                "items": [vars(item) for item in scene.items],
                "content": content_key(scene),
            }
        )
    return prompts


if __name__ == "__main__":
    rows = ",\n".join(json.dumps(prompt) for prompt in make_prompts())
    PROMPTS_FILE.write_text(f"[\n{rows}\n]\n")
    print(PROMPTS_FILE)
