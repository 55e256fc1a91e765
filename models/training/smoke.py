"""Smoke: billows of noise in the shape of a rising plume or a spreading cloud, lit from one side, laid over a scene."""

import cv2
import numpy as np

from flames import extent
from noise import field, smooth, warp


def make_smoke(rng, side=192):
    """Colour and cover `[side, side, 4]` bytes and the box (fractions) of what can be seen of it."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    if rng.random() < 0.7:
        shape = _plume(rng, x, y)
    else:
        shape = _cloud(rng, x, y)
    shape = warp(rng, shape, side * rng.uniform(0.06, 0.14), side * rng.uniform(0.12, 0.3))
    fine = field(rng, side, side, side * rng.uniform(0.08, 0.2), 5, 0.6)
    # 1 - |noise|: round heads with dark seams, as in a dense billow
    billow = 1 - np.abs(2 * field(rng, side, side, side * rng.uniform(0.1, 0.22), 4) - 1)
    dense = rng.random() < 0.5
    cover = smooth(shape * (0.55 + 0.7 * fine), 0.18, rng.uniform(0.35, 0.6) if dense else rng.uniform(0.6, 1.1))
    cover *= rng.uniform(0.85, 1) if dense else rng.uniform(0.45, 0.85)
    relief = cv2.GaussianBlur(billow * shape, (0, 0), 2.5)
    across, down = cv2.Sobel(relief, cv2.CV_32F, 1, 0), cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    light = across * rng.uniform(-1, 1) + down * rng.uniform(0, 1)
    shade = (0.8 + 0.25 * billow + light * rng.uniform(0.2, 0.8)).clip(0.45, 1.25)
    grey = rng.choice([rng.uniform(18, 60), rng.uniform(60, 130), rng.uniform(130, 235)], p=[0.4, 0.3, 0.3])
    tint = np.array([1, 1, 1]) + rng.uniform(-0.05, 0.06, 3)
    rgb = (grey * shade[..., None] * tint + 14 * (billow[..., None] - 0.5)).clip(0, 255)
    box = extent(cover > 0.22)
    if box is None:
        return make_smoke(rng, side)
    return np.concatenate([rgb, cover[..., None] * 255], -1).astype(np.uint8), box


def _plume(rng, x, y):
    """Narrow at its foot, wider as it rises, leaning with the wind."""
    foot, lean, bend = rng.uniform(0.25, 0.75), rng.uniform(-0.5, 0.5), rng.uniform(0.8, 2)
    rise = (0.97 - y).clip(0, 1)
    middle = foot + lean * rise**bend
    width = rng.uniform(0.04, 0.15) + rng.uniform(0.1, 0.5) * rise ** rng.uniform(0.6, 1.3)
    return (1 - np.abs(x - middle) / width).clip(0, 1) ** 0.6 * smooth(0.98 - y, 0, 0.05) * smooth(y, -0.05, rng.uniform(0.02, 0.3))


def _cloud(rng, x, y):
    a, b = rng.uniform(0.3, 0.55, 2)
    return (1.15 - np.sqrt(((x - 0.5) / a) ** 2 + ((y - 0.5) / b) ** 2)).clip(0, 1) ** 0.7


def lay_over(scene, sprite, at, size, thin=1.0):
    """Lays `sprite` scaled to `size` (w, h pixels) over `scene` (float32, changed) at `at` (left, top)."""
    w, h = size
    sprite = cv2.resize(sprite, (w, h), interpolation=cv2.INTER_AREA if sprite.shape[1] > w else cv2.INTER_LINEAR)
    scene_h, scene_w = scene.shape[:2]
    x1, y1, x2, y2 = max(0, at[0]), max(0, at[1]), min(scene_w, at[0] + w), min(scene_h, at[1] + h)
    if x2 <= x1 or y2 <= y1:
        return
    part = sprite[y1 - at[1] : y2 - at[1], x1 - at[0] : x2 - at[0]].astype(np.float32)
    cover = part[..., 3:] / 255 * thin
    view = scene[y1:y2, x1:x2]
    view[:] = view * (1 - cover) + part[..., :3] * cover
