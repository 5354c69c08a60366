"""Writes the trained code model as the embedded engine runs it.

    python export.py [--checkpoint FILE] [--out ../../code-model]

decoder.onnx     ids int64 [1, n], past float [p, layers, 2, key_heads, head_width]
                 -> logits float [1, n, vocabulary], fresh: what the n positions add to past
tokenizer.json   Hugging Face tokenizers format
genfleet.json    what the model is and how it wants to be run
reference.json   numbers that the engine is tested against
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import torch
from torch import nn

import bpe
from decoder import Decoder
from train import CHECKPOINT
from workspace import HERE, MODEL_FOLDER

sys.path.insert(0, str(HERE.parent))
from onnx_weights import SMALLEST_INT8, int8_with_scales, shrink_weights

REFERENCE_TEXT = (
    "import json\n\n\nclass Stack:\n    def __init__(self):\n        self.items = []\n\n"
    '    def push(self, item):\n        """Adds an item: żółw, 日本."""\n        self.'
)
REFERENCE_LOGITS = 64  # the first so many of each position; all would be a large file
DIGITS = 6


class Step(nn.Module):
    def __init__(self, model: Decoder):
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, past: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.model.step(ids, past)


def load(checkpoint: Path) -> Decoder:
    model = Decoder()
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["model"])
    return model.eval().requires_grad_(False)


def round_weights(model: Decoder) -> None:
    """Gives the weights the values that they are stored with, so that Python and the file agree.

    The exporter stores a linear layer's matrix transposed, and with one scale per row of that.
    """
    for module in model.modules():
        if isinstance(module, nn.RMSNorm):
            module.weight.copy_(module.weight.half().float())
        if (
            not isinstance(module, nn.Linear | nn.Embedding)
            or module.weight.numel() < SMALLEST_INT8
        ):
            continue
        is_turned = isinstance(module, nn.Linear)
        matrix = module.weight.T if is_turned else module.weight
        values, scales = int8_with_scales(matrix.numpy())
        rounded = torch.from_numpy(values * scales)
        module.weight.copy_(rounded.T if is_turned else rounded)


def write_network(model: Decoder, target: Path) -> None:
    n = torch.export.Dim("n", min=1, max=model.shape.context)
    positions = torch.export.Dim("positions", min=0, max=model.shape.context)
    past = torch.zeros(7, *model.empty_cache().shape[1:])
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = Path(folder) / "decoder.onnx"
        torch.onnx.export(
            Step(model),
            (torch.zeros(1, 5, dtype=torch.long), past),
            str(whole),
            input_names=["ids", "past"],
            output_names=["logits", "fresh"],
            dynamic_shapes=({1: n}, {0: positions}),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        shrink_weights(whole, target, int8=True)


def manifest(model: Decoder) -> dict:
    shape = model.shape
    return {
        "name": "genfleet-demo-code",
        "demo": True,
        "description": "A small demonstration model: it writes what looks like Python, and means little.",
        "aliases": [],
        "context_tokens": shape.context,
        "layers": shape.layers,
        "key_heads": shape.key_heads,
        "head_width": shape.head_width,
        "vocabulary": shape.vocabulary,
        "end_token": bpe.EOF,
        "silent_tokens": [bpe.PREFIX, bpe.SUFFIX, bpe.MIDDLE],
        "fim": {"template": "<fim_prefix><fim_suffix>{suffix}<fim_middle>{prefix}"},
    }


def reference(model: Decoder) -> dict:
    ids = bpe.load().encode(REFERENCE_TEXT, add_special_tokens=False).ids
    logits = model(torch.tensor([ids]))[0]
    rows = [
        [float(f"{value:.{DIGITS}g}") for value in row[:REFERENCE_LOGITS]]
        for row in logits.tolist()
    ]
    return {
        "text": REFERENCE_TEXT,
        "ids": ids,
        "logits": rows,
        "likeliest": logits.argmax(-1).tolist(),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    model = load(arguments.checkpoint)
    round_weights(model)
    write_network(model, arguments.out / "decoder.onnx")
    shutil.copy(bpe.TOKENIZER_FILE, arguments.out / "tokenizer.json")
    for name, content in (("genfleet", manifest(model)), ("reference", reference(model))):
        indent = 2 if name == "genfleet" else None
        (arguments.out / f"{name}.json").write_text(json.dumps(content, indent=indent) + "\n")
    for path in sorted(arguments.out.iterdir()):
        print(f"{path.name} {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
