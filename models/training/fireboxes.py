"""Fire boxes drawn anew: the labelled ones take in glow, smoke and whatever stands in front, each video in its own way."""

import cv2
import numpy as np

FIRE = 0


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
