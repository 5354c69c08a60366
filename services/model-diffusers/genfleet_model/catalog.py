"""The models in MODELS_DIR: Diffusers folders and single-file checkpoints."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .faults import ModelFault

CHECKPOINT_SUFFIXES = (".safetensors", ".ckpt")
CONFIG_SUFFIX = ".config"
log = logging.getLogger(__name__)


class LatentRgb(BaseModel):
    """A linear fit of colours (-1..1) to latents: one row of red, green and blue for each channel,
    and what is added to them."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    factors: list[tuple[float, float, float]] = Field(min_length=1, max_length=256)
    bias: tuple[float, float, float] = (0.0, 0.0, 0.0)


class ModelCard(BaseModel):
    """genfleet.json in a model's folder, or <stem>.genfleet.json beside a checkpoint.

    ``native_short_side`` and ``size_multiple`` are pixels of the model's own canvas, ``max_aspect``
    its longest side over its shortest; ``latent_rgb`` makes its previews. Unknown fields are left
    to other readers of the same file.
    """

    model_config = ConfigDict(extra="ignore", strict=True)

    native_short_side: int | None = Field(default=None, ge=8, le=4096, multiple_of=8)
    size_multiple: int | None = Field(default=None, ge=8, le=512)
    max_aspect: float = Field(default=2.0, ge=1, le=16)
    latent_rgb: LatentRgb | None = None
    aliases: list[str] = []
    demo: bool = False


@dataclass(frozen=True)
class ModelEntry:
    """One model that can be loaded. ``configs`` holds a checkpoint's own configuration folder."""

    name: str
    kind: Literal["diffusers", "checkpoint"]
    path: Path
    card: ModelCard
    configs: Path | None = None

    @property
    def weights(self) -> list[Path]:
        """The files that hold the weights, each part of a folder counted once: Diffusers takes
        safetensors before pickles, and full precision before the fp16 variant."""
        if self.kind == "checkpoint":
            return [self.path]
        files: list[Path] = []
        for part in sorted(p for p in self.path.iterdir() if p.is_dir()):
            found = sorted(part.glob("*.safetensors")) or sorted(part.glob("*.bin"))
            files += [p for p in found if ".fp16." not in p.name] or found
        return files


@dataclass
class Catalog:
    """Names and aliases of the models in one folder, read again whenever a name is unknown."""

    folder: Path
    entries: dict[str, ModelEntry] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    faults: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scan()

    def scan(self) -> None:
        """Reads the folder. A model with an unreadable card is left out and named in ``faults``:
        drawn without its card it would come out wrong."""
        entries: dict[str, ModelEntry] = {}
        faults: list[dict[str, str]] = []
        for path in sorted(self.folder.iterdir()):
            try:
                entry = _entry(path)
            except (OSError, ValueError) as error:
                faults.append({"path": path.name, "message": str(error)})
                continue
            if entry is None:
                continue
            if entry.name in entries:
                message = f"another model is called {entry.name}"
                faults.append({"path": path.name, "message": message})
                continue
            entries[entry.name] = entry
        aliases: dict[str, str] = {}
        for entry in entries.values():
            for alias in entry.card.aliases:
                if alias not in entries:
                    aliases.setdefault(alias, entry.name)
        for fault in faults:
            if fault not in self.faults:
                log.warning("model left out: %s: %s", fault["path"], fault["message"])
        self.entries, self.aliases, self.faults = entries, aliases, faults

    def resolve(self, name: str) -> ModelEntry:
        """The model of that name or alias; ModelFault(model_not_found) lists those there are."""
        entry = self._find(name)
        if entry is None:
            self.scan()
            entry = self._find(name)
        if entry is None:
            known = sorted([*self.entries, *self.aliases])
            raise ModelFault(
                "model_not_found",
                f"no model is called {name!r}; there are: {', '.join(known) or 'none'}",
                models=known,
            )
        return entry

    def _find(self, name: str) -> ModelEntry | None:
        return self.entries.get(self.aliases.get(name, name))


def _entry(path: Path) -> ModelEntry | None:
    if path.name.startswith("."):
        return None
    if path.is_dir():
        if path.suffix == CONFIG_SUFFIX or not (path / "model_index.json").is_file():
            return None
        return ModelEntry(path.name, "diffusers", path, _card(path / "genfleet.json"))
    if path.suffix not in CHECKPOINT_SUFFIXES:
        return None
    configs = path.with_name(path.stem + CONFIG_SUFFIX)
    return ModelEntry(
        name=path.stem,
        kind="checkpoint",
        path=path,
        card=_card(path.with_name(path.stem + ".genfleet.json")),
        configs=configs if configs.is_dir() else None,
    )


def _card(path: Path) -> ModelCard:
    if not path.is_file():
        return ModelCard()
    try:
        # as JSON, where a list is the only kind of tuple there is
        return ModelCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        faults = (": ".join([*map(str, e["loc"]), e["msg"]]) for e in error.errors())
        raise ValueError(f"{path.name}: {'; '.join(faults)}") from error
