"""llama.cpp's own HTTP server on a model file: `serve.py FILE PORT`. Runs until it is killed."""

import sys
import threading

import xllamacpp

SLOTS = 4
CONTEXT = 512

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.model_alias = {"tiny"}
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[2])
params.n_ctx = SLOTS * CONTEXT
params.n_parallel = SLOTS
params.cpuparams.n_threads = 1
params.endpoint_slots = True
params.warmup = False
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
threading.Event().wait()
