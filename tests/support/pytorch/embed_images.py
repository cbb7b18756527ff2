"""Places the images of a folder by a network in plain PyTorch, as one would write it: a DataLoader whose workers decode
with Pillow, the network in evaluation mode.

    python3 embed_images.py JOB_JSON FOLDER

Prints the seconds from listing the folder to the last point. The weights are random: only the time is of interest.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from train_steps import Network


class Pictures(Dataset):
    def __init__(self, paths, side):
        self.paths = paths
        self.side = side

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        picture = Image.open(self.paths[i]).convert("RGB")
        if picture.size != (self.side, self.side):
            picture = picture.resize((self.side, self.side), Image.BILINEAR)
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1)


job = json.loads(sys.argv[1])
torch.set_num_threads(job["threads"])
network = Network(job)
network.eval()
start = time.perf_counter()
paths = sorted(path for path in Path(sys.argv[2]).rglob("*") if path.is_file())
batches = DataLoader(Pictures(paths, job["imageSize"]), batch_size=256, num_workers=job["threads"])
placed = 0
with torch.inference_mode():
    for batch in batches:
        placed += len(network(batch.float() / 255))
print(time.perf_counter() - start)
