"""Celery's tasks: the work of a job as Genfleet does it, a grey picture as a JPEG with its settings inside, in a
file that would survive a power cut."""

import io
import json
import logging
import os
import uuid
from pathlib import Path

from celery import Celery
from PIL import Image

pictures = Path(os.environ["PICTURES"])
app = Celery("jobs", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
# Acknowledged once it is done: a worker that dies loses nothing. Otherwise as it comes, without a line for each task.
app.conf.update(task_acks_late=True)
logging.getLogger("celery.app.trace").setLevel(logging.WARNING)
logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)


def _sync(path: Path, data: bytes | None = None) -> None:
    handle = os.open(path, os.O_RDONLY if data is None else os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        if data is not None:
            os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)


@app.task(bind=True)
def txt2img(self, settings: dict) -> str:
    exif = Image.Exif()
    exif[0x010E] = json.dumps(settings)
    data = io.BytesIO()
    picture = Image.new("RGB", (settings["width"], settings["height"]), (128, 128, 128))
    picture.save(data, "JPEG", quality=92, subsampling=0, exif=exif)
    pictures.mkdir(parents=True, exist_ok=True)
    partial = pictures / f"{uuid.uuid4()}.partial"
    _sync(partial, data.getvalue())
    name = f"{self.request.id}.jpg"
    partial.rename(pictures / name)
    _sync(pictures)
    return name
