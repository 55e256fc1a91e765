"""Fire boxes drawn anew: the labelled ones take in glow, smoke and whatever stands in front, each video in its own way."""

import csv
from pathlib import Path

import cv2
import numpy as np

FIRE = 0
# drawn by eye around the visible flames, see README.md
DRAWN = Path(__file__).resolve().parent / "fire-boxes.tsv"
# an edge leans back towards the label by half of the way, but not more than an eighth of the box: whoever labels another video may count
# some of the glow, and a box between the two overlaps either by more than half
LEAN, MOST = 0.5, 0.12


def read_drawn(path: Path = DRAWN):
    """Boxes `[n, 4]` as fractions by the name of the picture."""
    with open(path, newline="") as f:
        rows = list(csv.DictReader((line for line in f if not line.startswith("#")), delimiter="\t"))
    boxes = {}
    for r in rows:
        boxes.setdefault(r["file"], []).append([float(r[k]) for k in ("x1", "y1", "x2", "y2")])
    return {name: np.array(b, np.float32) for name, b in boxes.items()}


def redraw(name, pixels, boxes, drawn):
    """`boxes` `[n, 5]` with those of fire as they were drawn; where nobody drew any, tightened by brightness."""
    if name not in drawn:
        return tighten(pixels, boxes)
    labelled = boxes[boxes[:, 0] == FIRE][:, 1:]
    new = np.array([[FIRE, *lean(box, labelled)] for box in drawn[name]], np.float32)
    return np.concatenate([boxes[boxes[:, 0] != FIRE], new])


def lean(box, labelled):
    """The drawn box, moved a little towards the labelled box that overlaps it most."""
    if not len(labelled):
        return box
    both = (np.minimum(box[2:], labelled[:, 2:]) - np.maximum(box[:2], labelled[:, :2])).clip(0).prod(1)
    size = np.tile(box[2:] - box[:2], 2)
    return box + ((labelled[int(both.argmax())] - box) * LEAN).clip(-MOST * size, MOST * size)


def tighten(pixels, boxes):
    """Moves the edges of fire boxes half way to the bright core inside. Half way, because the core of a fire behind a crowd is too
    small and the drawn box too large; either overlaps the middle by more than half. `boxes` `[n, 5]` as fractions."""
    out = boxes.copy()
    for row in out:
        if row[0] == FIRE:
            core = bright_core(pixels, row[1:])
            if core is not None:
                row[1:] = (row[1:] + core) / 2
    return out


def bright_core(pixels, box):
    """Extent of the brighter of two classes of pixels (Otsu), fractions of the picture; None for a box too small to tell."""
    side = pixels.shape[0]
    x1, y1, x2, y2 = (int(v * side) for v in box)
    if min(x2 - x1, y2 - y1) < 10:
        return None
    patch = pixels[y1:y2, x1:x2].astype(np.float32)
    value = cv2.GaussianBlur(0.6 * patch.max(-1) + 0.4 * patch.mean(-1), (0, 0), 2).clip(0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(value, 0, 255, cv2.THRESH_OTSU)
    y, x = np.nonzero(value > threshold)
    if len(x) < 20:
        return None
    (left, right), (top, bottom) = np.percentile(x, (3, 97)), np.percentile(y, (3, 97))
    return np.array([x1 + left, y1 + top, x1 + right + 1, y1 + bottom + 1], np.float32) / side
