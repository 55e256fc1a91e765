"""Batches by number: the same seed and number give the same pictures, so that a resumed run goes on where it stopped."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from augment import Mix, make_sample
from photos import Photos
from sprites import Sprites

# how much of the training is fire and smoke; the rest is waste. Frames of one video are nearly alike, so a source counts
# by the root of its number of frames.
FIRE_SHARE = 0.4
CALM_FACTOR = 3


class Batches:
    def __init__(self, photos: Photos, seed: int, size: int):
        self.photos, self.seed, self.size = photos, seed, size
        self.sprites = Sprites(photos, seed)
        counts = {}
        for source in zip(photos.sets, photos.sources):
            counts[source] = counts.get(source, 0) + 1
        weight = np.array([counts[s] ** -0.5 if s[0] == "fire8" else 1.0 for s in zip(photos.sets, photos.sources)])
        # pictures of the same cameras without fire and smoke are few and teach most
        weight *= np.where([s == "fire8" and not len(b) for s, b in zip(photos.sets, photos.boxes)], CALM_FACTOR, 1)
        fire = np.array([s == "fire8" for s in photos.sets])
        for part, share in ((fire, FIRE_SHARE), (~fire, 1 - FIRE_SHARE)):
            weight[part] *= share / max(weight[part].sum(), 1e-9)
        self.edges = np.cumsum(weight / weight.sum())
        # one batch ahead: OpenCV works while torch does
        self.pool = ThreadPoolExecutor(1)
        self.ahead = None

    def pick(self, rng):
        return int(min(np.searchsorted(self.edges, rng.random()), len(self.edges) - 1))

    def get(self, number: int, side: int, mix: Mix, then=None):
        """Batch `number`; `then` (number, side, mix) is prepared meanwhile."""
        key = (number, side, mix)
        waiting = self.ahead
        future = waiting[1] if waiting and waiting[0] == key else self.pool.submit(self._make, *key)
        batch = future.result()
        self.ahead = (then, self.pool.submit(self._make, *then)) if then else None
        return batch

    def _make(self, number, side, mix):
        return collate(
            [
                make_sample(np.random.default_rng((self.seed, number, i)), self.photos, self.sprites, self.pick, side, mix)
                for i in range(self.size)
            ]
        )


def collate(samples):
    most = max(len(s.boxes) for s in samples)
    boxes = torch.zeros(len(samples), most, 4)
    labels = torch.zeros(len(samples), most, dtype=torch.long)
    valid = torch.zeros(len(samples), most, dtype=torch.bool)
    for i, s in enumerate(samples):
        n = len(s.boxes)
        boxes[i, :n] = torch.from_numpy(s.boxes[:, 1:])
        labels[i, :n] = torch.from_numpy(s.boxes[:, 0].astype(np.int64))
        valid[i, :n] = True
    images = torch.from_numpy(np.stack([s.image for s in samples])).permute(0, 3, 1, 2)
    return {
        "images": images,
        "size": tuple(images.shape[-2:]),
        "boxes": boxes,
        "labels": labels,
        "valid": valid,
        "unlabelled": [(i, region, classes) for i, s in enumerate(samples) for region, classes in s.unlabelled],
    }
