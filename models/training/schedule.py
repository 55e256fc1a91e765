"""What happens when: heads, then everything; small pictures, then the final size; mosaic off at the end. All by progress 0..1."""

import math
from dataclasses import dataclass, replace

from augment import Mix

FINAL_SIDE = 320
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


def phase(progress: float) -> Phase:
    if progress < 0.05:
        return HEADS
    if progress < 0.6:
        return SMALL
    return LARGE if progress < 0.8 else PLAIN


def rate(progress: float, step: int) -> float:
    """Factor of the learning rates: a short rise, then half a cosine down to a fiftieth."""
    return min(1.0, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
