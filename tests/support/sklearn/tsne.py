"""PCA-50 of raw pixels, then t-SNE of it: coordinates and seconds. Arguments: pixels file, images, output prefix."""

import json
import sys
import time

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

path, count, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
pixels = np.fromfile(path, dtype=np.uint8).reshape(count, -1)

began = time.time()
components = PCA(50, random_state=0).fit_transform(pixels.astype(np.float32) / 255)
pca_seconds = time.time() - began
components.astype(np.float32).tofile(out + ".pca")
print(json.dumps({"pcaSeconds": pca_seconds}), flush=True)

if "tsne" in sys.argv[4:]:
    began = time.time()
    points = TSNE(n_jobs=2, init="pca", learning_rate="auto", random_state=0).fit_transform(components)
    points.astype(np.float32).tofile(out + ".tsne")
    print(json.dumps({"tsneSeconds": time.time() - began, "version": sklearn.__version__}), flush=True)
