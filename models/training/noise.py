"""Smooth random fields, the stuff that flames, smoke and clouds are made of here."""

import cv2
import numpy as np


def field(rng, h: int, w: int, cell: float, octaves=4, rough=0.55):
    """Fractal noise `[h, w]`, 0..1; `cell` is the size of its largest features in pixels."""
    out = np.zeros((h, w), np.float32)
    weight, total = 1.0, 0.0
    for _ in range(octaves):
        rows, columns = int(np.ceil(h / cell)) + 3, int(np.ceil(w / cell)) + 3
        grid = rng.random((rows, columns), dtype=np.float32)
        big = cv2.resize(grid, (int(columns * cell) + 1, int(rows * cell) + 1), interpolation=cv2.INTER_CUBIC)
        y, x = (int(rng.integers(0, n)) for n in (big.shape[0] - h + 1, big.shape[1] - w + 1))
        out += weight * big[y : y + h, x : x + w]
        total += weight
        weight *= rough
        cell = max(2.0, cell / 2)
    out /= total
    low, high = np.percentile(out, (1, 99))
    return ((out - low) / (high - low + 1e-6)).clip(0, 1)


def warp(rng, image, amount: float, cell: float):
    """Moves the pixels of `image` by a smooth field of up to `amount` pixels: straight edges become licking ones."""
    h, w = image.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    dx, dy = ((field(rng, h, w, cell, 3) - 0.5) * 2 * amount for _ in range(2))
    return cv2.remap(image, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def smooth(x, low, high):
    t = ((x - low) / (high - low)).clip(0, 1)
    return t * t * (3 - 2 * t)
