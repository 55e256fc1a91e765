"""What happens when, by progress 0..1. A first run: heads, then everything; small pictures, then larger ones; mosaic off at the end.
A second run (`--init`) starts from the weights of an earlier one: pictures of all sizes changed more strongly, then the final size."""

import math
from dataclasses import dataclass, replace

import numpy as np

from augment import Mix

FINAL_SIDE = 352
SMALL_SIDE = 256


@dataclass(frozen=True)
class Phase:
    name: str
    side: int
    backbone: bool
    mix: Mix


HEADS = Phase("heads", SMALL_SIDE, False, Mix())
SMALL = Phase("all", SMALL_SIDE, True, Mix())
LARGE = Phase("final size", FINAL_SIDE, True, Mix(mosaic=0.35))
PLAIN = Phase("no mosaic", FINAL_SIDE, True, replace(Mix(), mosaic=0.0, fire=0.15, smoke=0.1, zoom=(0.8, 1.5)))


# the second run: sizes by turns, so that no class holds on to one size
SIDES = (256, 288, 320, 352, 384)
STRONG = Mix(mosaic=0.4, lookalike=0.4, zoom=(0.45, 1.7), strong=0.6, cover=0.25)
AGAIN_LARGE = Phase("second run, final size", FINAL_SIDE, True, replace(STRONG, mosaic=0.25, zoom=(0.5, 1.6)))
AGAIN_PLAIN = Phase(
    "second run, no mosaic", FINAL_SIDE, True, replace(STRONG, mosaic=0.0, fire=0.15, smoke=0.1, zoom=(0.75, 1.5), strong=0.3, cover=0.1)
)


def second_phase(progress: float, step: int) -> Phase:
    if progress < 0.4:
        side = int(np.random.default_rng((step, 0x51DE)).choice(SIDES))
        return Phase("second run, all sizes", side, True, STRONG)
    return AGAIN_LARGE if progress < 0.65 else AGAIN_PLAIN


def phase(progress: float) -> Phase:
    if progress < 0.05:
        return HEADS
    if progress < 0.6:
        return SMALL
    return LARGE if progress < 0.8 else PLAIN


def rate(progress: float, step: int) -> float:
    """Factor of the learning rates: a short rise, then half a cosine down to a fiftieth."""
    return min(1.0, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
