"""Ray Serve before the demo model, as Ray's documentation shows it: `service.py PORT`, a cluster of this machine alone, one
replica that runs one request at a time, the picture is the answer."""

import signal
import sys
import threading

import ray
from demo_pipeline import DemoPipeline
from fastapi import FastAPI, Response
from pydantic import BaseModel
from ray import serve

OBJECT_STORE_BYTES = 100 * 1024 * 1024

app = FastAPI()


class Settings(BaseModel):
    prompt: str
    steps: int
    cfg_scale: float
    width: int
    height: int
    seed: int


@serve.deployment(num_replicas=1, max_ongoing_requests=1, ray_actor_options={"num_cpus": 1})
@serve.ingress(app)
class Pictures:
    def __init__(self) -> None:
        self.model = DemoPipeline()

    @app.post("/txt2img")
    def txt2img(self, settings: Settings) -> Response:
        jpeg, generate_ms = self.model.jpeg(**settings.model_dump())
        headers = {"x-generate-ms": f"{generate_ms:.3f}"}
        return Response(jpeg, media_type="image/jpeg", headers=headers)


if __name__ == "__main__":
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ray.init(num_cpus=4, include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Pictures.bind(), name="pictures")
    print("ready", flush=True)
    ended.wait()
    serve.shutdown()
    ray.shutdown()
