"""Where training keeps what it makes, and where the finished model goes."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = Path(os.environ.get("GENFLEET_TRAINING_DIR", HERE.parent / ".cache")) / "code_model"
MODEL_FOLDER = HERE.parent.parent / "code-model"
