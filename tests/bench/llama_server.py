"""Runs the llama-server that the Python package `xllamacpp` holds: llama_server.py MODEL PORT THREADS.

Prints one JSON line with its address and the instruction sets it was built for, then serves until its standard input ends.
The settings are those that llama.vscode and llama.vim recommend for CPUs (`-c 0 -b 512 -ub 512 --cache-reuse 256`), with the one slot
that both clients use.
"""
import json
import sys

import xllamacpp

model, port, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
params = xllamacpp.CommonParams()
params.model.path = model
params.port = port
params.n_parallel = 1
params.n_ctx = 0
params.n_batch = params.n_ubatch = 512
params.n_cache_reuse = 256
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
server = xllamacpp.Server(params)
print(json.dumps({"address": server.listening_address, "system": xllamacpp.get_system_info()}), flush=True)
sys.stdin.read()
