"""Writes the Diffusers folder's parts as ONNX for the embedded engine, with the JSON files beside them.

    python export_onnx.py [--source DIFFUSERS_FOLDER] [--out ../model]

text_encoder.onnx  input_ids int64 [b, 48] -> hidden float [b, 48, 128]
unet.onnx          sample float [b, 8, h, w], timestep float [b], encoder_hidden_states [b, 48, 128]
                   -> velocity float [b, 8, h, w]
vae_decoder.onnx   latent float [b, 8, h, w], divided by the scaling factor -> pixels float [b, 3, 8h, 8w], -1..1
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from diffusers import StableDiffusionPipeline
from diffusers.models.attention_processor import AttnProcessor
from torch import nn

from captions import all_words
from export_diffusers import OUT as DIFFUSERS_FOLDER
from export_diffusers import model_facts
from models import LATENT_CHANNELS, SCHEDULER_CONFIG, TEXT_LENGTH, TEXT_WIDTH, new_scheduler
from onnx_weights import shrink_weights
from word_tokenizer import build_vocabulary

OUT = Path(__file__).parent.parent / "model"
# int8 halves the denoiser once more; the small parts keep half precision.
INT8 = {"unet"}


class TextEncoder(nn.Module):
    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        return self.encoder(input_ids).last_hidden_state


class Denoiser(nn.Module):
    def __init__(self, unet: nn.Module):
        super().__init__()
        self.unet = unet

    def forward(
        self, sample: torch.Tensor, timestep: torch.Tensor, hidden: torch.Tensor
    ) -> torch.Tensor:
        return self.unet(sample, timestep, hidden).sample


class Decoder(nn.Module):
    def __init__(self, vae: nn.Module):
        super().__init__()
        self.vae = vae

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.vae.decode(latents).sample


def parts(pipeline: StableDiffusionPipeline) -> dict[str, tuple]:
    """Name to module, example inputs, input names, output name and which axes may change."""
    batch = torch.export.Dim("batch", min=1, max=64)
    # Multiples of four, because the denoiser halves its input twice.
    quarter_height, quarter_width = (
        torch.export.Dim(name, min=2, max=16) for name in ("quarter_height", "quarter_width")
    )
    space = {0: batch, 2: 4 * quarter_height, 3: 4 * quarter_width}
    ids = torch.zeros(2, TEXT_LENGTH, dtype=torch.long)
    sample, hidden = (
        torch.randn(2, LATENT_CHANNELS, 24, 16),
        torch.randn(2, TEXT_LENGTH, TEXT_WIDTH),
    )
    timestep = torch.tensor([10.0, 900.0])
    return {
        "text_encoder": (
            TextEncoder(pipeline.text_encoder),
            (ids,),
            ["input_ids"],
            "hidden",
            ({0: batch},),
        ),
        "unet": (
            Denoiser(pipeline.unet),
            (sample, timestep, hidden),
            ["sample", "timestep", "encoder_hidden_states"],
            "velocity",
            (space, {0: batch}, {0: batch}),
        ),
        "vae_decoder": (Decoder(pipeline.vae), (sample,), ["latent"], "pixels", (space,)),
    }


def export_part(name: str, part: tuple, out: Path) -> float:
    """Exports one part; answers the largest difference from torch, relative to the output's spread."""
    module, inputs, input_names, output_name, shapes = part
    module = module.eval()
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / f"{name}.onnx"
        torch.onnx.export(
            module,
            inputs,
            plain,
            input_names=input_names,
            output_names=[output_name],
            dynamic_shapes=shapes,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        shrink_weights(plain, out / f"{name}.onnx", int8=name in INT8)
    session = onnxruntime.InferenceSession(out / f"{name}.onnx", providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {k: v.numpy() for k, v in zip(input_names, inputs, strict=True)})
    with torch.no_grad():
        wanted = module(*inputs).numpy()
    return float(np.abs(got - wanted).max() / wanted.std())


def write_json(out: Path, scaling_factor: float) -> None:
    vocabulary, merges = build_vocabulary(all_words())
    tokenizer = {
        "vocab": vocabulary,
        "merges": [f"{first} {second}" for first, second in merges],
        "model_max_length": TEXT_LENGTH,
    }
    (out / "tokenizer.json").write_text(
        json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")) + "\n"
    )
    # The betas themselves, so that a reader need not know Diffusers' names for schedules.
    scheduler = SCHEDULER_CONFIG | {
        "trained_betas": [float(beta) for beta in new_scheduler().betas]
    }
    (out / "scheduler.json").write_text(json.dumps(scheduler) + "\n")
    facts = model_facts() | {"vae_scaling_factor": scaling_factor}
    (out / "genfleet.json").write_text(json.dumps(facts, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=Path, default=DIFFUSERS_FOLDER)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    pipeline = StableDiffusionPipeline.from_pretrained(arguments.source, torch_dtype=torch.float32)
    pipeline.unet.set_attn_processor(AttnProcessor())
    for name, part in parts(pipeline).items():
        difference = export_part(name, part, arguments.out)
        size = (arguments.out / f"{name}.onnx").stat().st_size
        print(
            f"{name}: {size / 1e6:.2f} MB, differs from torch by {difference:.4f} of its spread",
            flush=True,
        )
    write_json(arguments.out, pipeline.vae.config.scaling_factor)


if __name__ == "__main__":
    main()
