"""FastAPI before Celery, as both documentations show them, without the checks of a request that Genfleet makes."""

from fastapi import FastAPI
from jobs import app as celery
from jobs import txt2img

app = FastAPI()


@app.post("/images/", status_code=202)
def create(body: dict) -> dict:
    job = txt2img.delay(body["generation_settings"])
    return {"message": "Request is being processed", "id": job.id}


@app.get("/images/{id}/")
def look(id: str) -> dict:
    result = celery.AsyncResult(id)
    status = {"SUCCESS": "completed", "FAILURE": "failed"}.get(result.state, "queued")
    return {"id": id, "status": status, "image_url": result.result if status == "completed" else None}
