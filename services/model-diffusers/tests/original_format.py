"""Saves a pipeline under the names that Stable Diffusion 1.x's own code gave its weights.

Diffusers reads that format and no longer writes it.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

Rule = tuple[str, str | Callable[[re.Match[str]], str]]


def unet_rules(layers: int, up_blocks: Sequence[str]) -> list[Rule]:
    """For so many layers in a block and these kinds of blocks on the way up."""
    span = layers + 1
    return [
        (r"^time_embedding\.linear_1", "time_embed.0"),
        (r"^time_embedding\.linear_2", "time_embed.2"),
        (r"^conv_in\.", "input_blocks.0.0."),
        (r"^conv_norm_out", "out.0"),
        (r"^conv_out", "out.2"),
        (
            r"^down_blocks\.(\d)\.(resnets|attentions)\.(\d)",
            lambda m: (
                f"input_blocks.{1 + span * int(m[1]) + int(m[3])}.{int(m[2] == 'attentions')}"
            ),
        ),
        (
            r"^down_blocks\.(\d)\.downsamplers\.0\.conv",
            lambda m: f"input_blocks.{span * (int(m[1]) + 1)}.0.op",
        ),
        (r"^mid_block\.resnets\.(\d)", lambda m: f"middle_block.{2 * int(m[1])}"),
        (r"^mid_block\.attentions\.0", "middle_block.1"),
        (
            r"^up_blocks\.(\d)\.(resnets|attentions)\.(\d)",
            lambda m: f"output_blocks.{span * int(m[1]) + int(m[3])}.{int(m[2] == 'attentions')}",
        ),
        (
            r"^up_blocks\.(\d)\.upsamplers\.0",
            lambda m: (
                f"output_blocks.{span * int(m[1]) + layers}"
                f".{2 if up_blocks[int(m[1])].startswith('CrossAttn') else 1}"
            ),
        ),
        (r"(_blocks\.\d+\.0|middle_block\.[02])\.norm1", r"\1.in_layers.0"),
        (r"(_blocks\.\d+\.0|middle_block\.[02])\.conv1", r"\1.in_layers.2"),
        (r"(_blocks\.\d+\.0|middle_block\.[02])\.norm2", r"\1.out_layers.0"),
        (r"(_blocks\.\d+\.0|middle_block\.[02])\.conv2", r"\1.out_layers.3"),
        (r"time_emb_proj", "emb_layers.1"),
        (r"conv_shortcut", "skip_connection"),
    ]


def vae_rules(levels: int) -> list[Rule]:
    """For an autoencoder with so many levels."""
    return [
        (r"conv_norm_out", "norm_out"),
        (r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2"),
        (r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample"),
        (
            r"up_blocks\.(\d)\.resnets\.(\d)",
            lambda m: f"up.{levels - 1 - int(m[1])}.block.{m[2]}",
        ),
        (r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{levels - 1 - int(m[1])}.upsample"),
        (r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{1 + int(m[1])}"),
        (r"mid_block\.attentions\.0\.group_norm", "mid.attn_1.norm"),
        (r"mid_block\.attentions\.0\.to_([qkv])", r"mid.attn_1.\1"),
        (r"mid_block\.attentions\.0\.to_out\.0", "mid.attn_1.proj_out"),
        (r"conv_shortcut", "nin_shortcut"),
    ]


def save_checkpoint(pipeline: StableDiffusionPipeline, path: Path) -> None:
    """Writes a .safetensors or, as a pickle, a .ckpt file."""
    unet, vae = pipeline.unet.config, pipeline.vae.config
    for_unet = unet_rules(unet.layers_per_block, unet.up_block_types)
    for_vae = vae_rules(len(vae.up_block_types))
    weights: dict[str, torch.Tensor] = {}
    for key, tensor in pipeline.unet.state_dict().items():
        weights[f"model.diffusion_model.{_renamed(key, for_unet)}"] = tensor
    for key, tensor in pipeline.vae.state_dict().items():
        # The original's attention is made of 1x1 convolutions.
        flat = "attentions" in key and tensor.ndim == 2
        weights[f"first_stage_model.{_renamed(key, for_vae)}"] = (
            tensor[:, :, None, None] if flat else tensor
        )
    for key, tensor in pipeline.text_encoder.state_dict().items():
        plain = key.removeprefix("text_model.")
        weights[f"cond_stage_model.transformer.text_model.{plain}"] = tensor
    weights = {name: tensor.contiguous() for name, tensor in weights.items()}
    if path.suffix == ".ckpt":
        torch.save({"state_dict": weights}, path)
    else:
        save_file(weights, path)


def _renamed(key: str, rules: list[Rule]) -> str:
    for pattern, replacement in rules:
        key = re.sub(pattern, replacement, key)
    return key
