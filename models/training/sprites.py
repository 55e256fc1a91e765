"""A stock of flames and smoke, made once at the start: drawing one takes as long as a quarter of a training step."""

import numpy as np

from flames import cut_flame, make_blaze, make_flame
from photos import Photos
from smoke import make_smoke

FIRE = 0
MANY = 300


class Sprites:
    def __init__(self, photos: Photos, seed: int, many: int = MANY):
        rng = np.random.default_rng((seed, 0xF1AE))
        self.flames = [_bytes(make_flame(rng)) for _ in range(many)]
        self.blazes = [_bytes(make_blaze(rng)) for _ in range(many // 2)]
        self.smokes = [make_smoke(rng) for _ in range(many)]
        self.cuts = []
        for i, boxes in enumerate(photos.boxes):
            for box in boxes[boxes[:, 0] == FIRE]:
                # with its surroundings, against which the light stands out
                edge = 0.15 * np.tile(box[3:] - box[1:3], 2) * (-1, -1, 1, 1)
                cut = cut_flame(rng, photos.pixels[i], (box[1:] + edge).clip(0, 1))
                if cut is not None:
                    self.cuts.append((photos.sources[i], _bytes(cut)))
        # the sources equally often, whatever the number of their frames
        self.sources = sorted({s for s, _ in self.cuts})

    def flame(self, rng):
        """Light `[h, w, 3]` and the box of the flame in it, fractions."""
        return self.flames[int(rng.integers(len(self.flames)))]

    def blaze(self, rng):
        return self.blazes[int(rng.integers(len(self.blazes)))]

    def cut_flame(self, rng):
        if not self.sources:
            return self.flame(rng)
        source = self.sources[int(rng.integers(len(self.sources)))]
        cuts = [c for s, c in self.cuts if s == source]
        return cuts[int(rng.integers(len(cuts)))]

    def smoke(self, rng):
        """Colour and cover `[h, w, 4]` and the box, fractions."""
        return self.smokes[int(rng.integers(len(self.smokes)))]


def _bytes(sprite):
    light, box = sprite
    return light.clip(0, 255).astype(np.uint8), box
