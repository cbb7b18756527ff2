"""Trains a network in plain PyTorch for a few steps, from given weights on given views.

    python3 train_steps.py JOB.json START.safetensors RESULT.safetensors

JOB.json: widths, depths, kernel, optimizer, rates … START has the weights, the running statistics and the views of
each step (views.0, views.1 …). RESULT has the losses and the final weights and statistics.
"""

import json
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    arrays = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        array = np.frombuffer(data[start:end], dtype="<f4").reshape(entry["shape"])
        arrays[name] = torch.from_numpy(array.copy())
    return arrays


def write_safetensors(path, arrays):
    header, parts, end = {}, [], 0
    for name, array in arrays.items():
        part = array.to(torch.float32).numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [end, end + len(part)]}
        parts.append(part)
        end += len(part)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Backbone(nn.Module):
    def __init__(self, widths, depths, stem_stride):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, stem_stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        inputs = widths[0]
        self.layers = []
        for group, (width, depth) in enumerate(zip(widths, depths)):
            blocks = []
            for block in range(depth):
                blocks.append(BasicBlock(inputs, width, 2 if group > 0 and block == 0 else 1))
                inputs = width
            layer = nn.Sequential(*blocks)
            setattr(self, f"layer{group + 1}", layer)
            self.layers.append(layer)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for layer in self.layers:
            x = layer(x)
        return x.mean((2, 3))


class Network(nn.Module):
    def __init__(self, job):
        super().__init__()
        self.backbone = Backbone(job["widths"], job["depths"], job["stemStride"])
        self.head = nn.Sequential(
            nn.Linear(job["widths"][-1], job["hiddenDim"]),
            nn.ReLU(),
            nn.Linear(job["hiddenDim"], job["outDim"]),
        )

    def forward(self, x):
        return self.head(self.backbone(x))


def info_nce(z, kernel, temperature):
    if kernel == "cauchy":
        similarity = -torch.log1p(((z[:, None] - z[None]) ** 2).sum(2))
    elif kernel == "cosine":
        unit = F.normalize(z)
        similarity = unit @ unit.T / temperature
    else:
        raise ValueError(kernel)
    n = len(z)
    half = n // 2
    alignment = similarity.diagonal(half).mean()
    uniformity = similarity.masked_fill(torch.eye(n, dtype=torch.bool), -torch.inf).logsumexp(1).mean()
    return uniformity - alignment


def optimizer_of(job, parameters):
    options = job["optimizer"]
    decay = options["weightDecay"]
    if options["optimizer"] == "sgd":
        return torch.optim.SGD(parameters, lr=0, momentum=options["momentum"], weight_decay=decay)
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    return kinds[options["optimizer"]](parameters, lr=0, weight_decay=decay)


def main(job_path, start_path, result_path):
    with open(job_path) as file:
        job = json.load(file)
    given = read_safetensors(start_path)
    views = [given.pop(f"views.{step}") for step in range(len(job["rates"]))]
    network = Network(job)
    missing, unexpected = network.load_state_dict(given, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"missing {missing}, unexpected {unexpected}")
    network.train()
    optimizer = optimizer_of(job, network.parameters())
    losses = []
    for batch, rate in zip(views, job["rates"]):
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = info_nce(network(batch), job["kernel"], job["temperature"])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(network.parameters(), job["optimizer"]["clipValue"])
        optimizer.step()
        losses.append(loss.item())
    final = network.state_dict()
    write_safetensors(result_path, {"losses": torch.tensor(losses), **{name: final[name] for name in given}})


if __name__ == "__main__":
    main(*sys.argv[1:])
