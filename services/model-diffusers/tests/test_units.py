"""Parts that need no server."""

import io
import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel

from genfleet_model.canvas import native_canvas, png_bytes, to_levels
from genfleet_model.catalog import Catalog
from genfleet_model.faults import ModelFault
from genfleet_model.loading import SD1_CONFIGS, clip_tokenizer
from genfleet_model.logs import JsonLines
from genfleet_model.outbox import Outbox
from genfleet_model.samplers import SAMPLERS, canonical_sampler
from genfleet_model.settings import SettingsFault, read_settings


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Euler", "euler"),
        ("Euler a", "euler_a"),
        ("DPM++ 2M", "dpmpp_2m"),
        ("DPM++ 2M Karras", "dpmpp_2m_karras"),
        ("DPM++ 2M SDE Karras", "dpmpp_2m_sde_karras"),
        ("DPM2 a", "dpm2_a"),
        ("LMS Karras", "lms_karras"),
        ("PLMS", "pndm"),
        ("UniPC", "unipc"),
        ("k_euler_ancestral", "euler_a"),
        ("asdf", None),
        ("", None),
    ],
)
def test_sampler_spellings(given: str, name: str | None) -> None:
    assert canonical_sampler(given) == name


def test_every_sampler_is_its_own_name() -> None:
    assert [canonical_sampler(name) for name in SAMPLERS] == list(SAMPLERS)


@pytest.mark.parametrize(
    ("size", "short_side", "multiple", "canvas"),
    [
        ((512, 512), None, 8, (512, 512)),
        ((520, 72), None, 16, (528, 80)),
        ((512, 512), 128, 32, (128, 128)),
        ((64, 64), 128, 32, (128, 128)),
        ((768, 512), 128, 32, (192, 128)),
        ((512, 768), 128, 32, (128, 192)),
        ((520, 512), 128, 32, (128, 128)),
        ((2048, 64), 128, 32, (256, 128)),
    ],
)
def test_native_canvas(
    size: tuple[int, int], short_side: int | None, multiple: int, canvas: tuple[int, int]
) -> None:
    assert native_canvas(*size, short_side, multiple) == canvas


def test_native_canvas_of_a_model_that_knows_few_shapes() -> None:
    assert native_canvas(2048, 64, 128, 8, 1.5) == (192, 128)
    assert native_canvas(512, 384, 128, 8, 1.5) == (168, 128)


def test_levels_round_and_refuse_what_is_no_number() -> None:
    pixels = torch.tensor([[[-1, 0, 0.5]], [[1, 2, 0.25]], [[0, 0, 1]]])
    assert to_levels(pixels).tolist() == [[[0, 255, 0], [0, 255, 0], [128, 64, 255]]]
    with pytest.raises(ValueError, match="not numbers"):
        to_levels(torch.full((3, 1, 1), torch.inf))


def test_a_png_holds_the_very_pixels() -> None:
    levels = np.random.default_rng(1).integers(0, 256, (24, 40, 3), np.uint8)
    kept = Image.open(io.BytesIO(png_bytes(levels, 40, 24)))
    assert (kept.format, kept.mode) == ("PNG", "RGB")
    assert np.array_equal(np.asarray(kept), levels)
    assert Image.open(io.BytesIO(png_bytes(levels, 80, 48))).size == (80, 48)


def test_clips_tokenizer_is_the_published_one() -> None:
    tokenizer = clip_tokenizer()
    assert len(tokenizer) == 49408
    # The ids of OpenAI's CLIP for this sentence, between its two marks.
    assert tokenizer("a photo of a cat").input_ids == [49406, 320, 1125, 539, 320, 2368, 49407]


def test_the_configuration_for_checkpoints_is_stable_diffusion_1() -> None:
    """Its published numbers of parameters; on the meta device, where weights take no memory."""
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(
            UNet2DConditionModel.load_config(SD1_CONFIGS / "unet")
        )
        vae = AutoencoderKL.from_config(AutoencoderKL.load_config(SD1_CONFIGS / "vae"))
        text_encoder = CLIPTextModel(CLIPTextConfig.from_pretrained(SD1_CONFIGS / "text_encoder"))
    sizes = [sum(p.numel() for p in part.parameters()) for part in (unet, vae, text_encoder)]
    assert sizes == [859_520_964, 83_653_863, 123_060_480]


def folder_model(folder: Path, name: str, card: object | None = None) -> None:
    (folder / name).mkdir()
    (folder / name / "model_index.json").write_text("{}")
    if card is not None:
        (folder / name / "genfleet.json").write_text(
            card if isinstance(card, str) else json.dumps(card)
        )


def test_catalog_leaves_out_what_it_cannot_trust(tmp_path: Path) -> None:
    folder_model(tmp_path, "good", {"aliases": ["other", "same"]})
    folder_model(tmp_path, "same", {"aliases": ["other"]})
    folder_model(tmp_path, "odd", {"native_short_side": "128"})
    folder_model(tmp_path, "torn", "{")
    folder_model(tmp_path, "flat", {"latent_rgb": {"factors": [[0.1, 0.2]]}})
    (tmp_path / "good.safetensors").touch()
    (tmp_path / ".hidden.safetensors").touch()
    (tmp_path / "half.safetensors.part").touch()
    (tmp_path / "notes").mkdir()
    catalog = Catalog(tmp_path)
    assert set(catalog.entries) == {"good", "same"}
    assert catalog.aliases == {"other": "good"}
    assert {fault["path"] for fault in catalog.faults} == {
        "odd",
        "torn",
        "flat",
        "good.safetensors",
    }
    assert catalog.resolve("same").name == "same"


def test_catalog_finds_a_model_that_came_later(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    with pytest.raises(ModelFault):
        catalog.resolve("late")
    folder_model(tmp_path, "late")
    assert catalog.resolve("late").path == tmp_path / "late"


def test_settings_report_all_faults_at_once() -> None:
    env = {"PORT": "70000", "MODEL_MEMORY_BUDGET_MB": "lots", "LOG_LEVEL": "loud"}
    with pytest.raises(SettingsFault) as raised:
        read_settings(env)
    for part in ("MODELS_DIR is missing", "PORT is '70000'", "'lots'", "'loud'"):
        assert part in str(raised.value)


def test_settings(tmp_path: Path) -> None:
    env = {
        "MODELS_DIR": str(tmp_path),
        "MODEL_MEMORY_BUDGET_MB": "2",
        "PRELOAD_MODELS": "a, b,",
        "TORCH_THREADS": "",
    }
    settings = read_settings(env)
    assert settings.memory_budget_bytes == 2 * 1024 * 1024
    assert settings.preload == ("a", "b")
    assert settings.torch_threads is None
    assert settings.host == "127.0.0.1"


def test_logs_have_a_closed_set_of_fields() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "made %d", (3,), None)
    record.__dict__.update(model="m", jobId="j", colour="red")
    line = json.loads(JsonLines().format(record))
    assert line["msg"] == "made 3"
    assert set(line) == {"time", "level", "service", "msg", "model", "jobId"}


async def drain(outbox: Outbox) -> list[dict]:
    lines = []
    while (line := await outbox.next()) is not None:
        lines.append(line)
    return lines


def test_unsent_progress_is_replaced_and_images_are_kept() -> None:
    import asyncio

    outbox = Outbox()
    for step in range(100):
        outbox.put_progress("a", {"step": step})
        outbox.put_progress("b", {"step": -step})
    outbox.put({"png": "1234"})
    outbox.put({"png": "5678"})
    assert outbox.held_bytes == 8
    outbox.close()
    outbox.put({"late": True})
    lines = asyncio.run(drain(outbox))
    assert lines == [{"step": 99}, {"step": -99}, {"png": "1234"}, {"png": "5678"}]
    assert outbox.held_bytes == 0
