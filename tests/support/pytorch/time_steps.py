"""Times training steps in plain PyTorch, one for each line on standard input.

    python3 time_steps.py JOB_JSON

Prints the memory format that is the faster here, then the seconds of each step. What is timed is forward, backward
and optimizer, with the views in memory.
"""

import json
import sys
import time

import torch

from train_steps import Network, info_nce, optimizer_of

job = json.loads(sys.argv[1])
torch.set_num_threads(job["threads"])
torch.manual_seed(1)


def trainer(memory_format):
    network = Network(job).to(memory_format=memory_format)
    network.train()
    optimizer = optimizer_of(job, network.parameters())
    side = job["imageSize"]
    views = torch.rand(job["views"], 3, side, side).to(memory_format=memory_format)
    for group in optimizer.param_groups:
        group["lr"] = 0.001

    def step():
        start = time.perf_counter()
        loss = info_nce(network(views), job["kernel"], job["temperature"])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(network.parameters(), job["optimizer"]["clipValue"])
        optimizer.step()
        loss.item()
        return time.perf_counter() - start

    return step


def seconds(step):
    step()
    return min(step() for _ in range(2))


formats = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}
times = {name: seconds(trainer(memory_format)) for name, memory_format in formats.items()}
chosen = min(times, key=times.get)
step = trainer(formats[chosen])
step()
print(json.dumps({"format": chosen, "version": torch.__version__}), flush=True)
for _ in sys.stdin:
    print(step(), flush=True)
