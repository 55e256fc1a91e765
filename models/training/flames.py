"""Flames: made of noise, and cut out of the training pictures. Both are light that is added to a scene, never paint over it."""

import cv2
import numpy as np

from noise import field, smooth, warp

# heat 0..1 to colour (RGB): embers to white
RAMPS = {
    "flame": [(0, (0, 0, 0)), (0.25, (110, 20, 0)), (0.5, (240, 90, 10)), (0.72, (255, 185, 50)), (1, (255, 250, 215))],
    "overexposed": [(0, (0, 0, 0)), (0.25, (120, 45, 20)), (0.45, (255, 170, 110)), (0.6, (255, 240, 225)), (1, (255, 255, 255))],
    "night": [(0, (0, 0, 0)), (0.25, (95, 50, 85)), (0.45, (235, 185, 230)), (0.65, (255, 250, 255)), (1, (255, 255, 255))],
}


def colour(heat, ramp):
    stops = [s for s, _ in RAMPS[ramp]]
    return np.stack([np.interp(heat, stops, [c[i] for _, c in RAMPS[ramp]]) for i in range(3)], -1).astype(np.float32)


def make_flame(rng, side=160):
    """Light `[side, side, 3]`, 0..255, of one flame, and the box (fractions) of what is flame, not glow."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    heat = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 6))):
        middle, reach = rng.uniform(0.25, 0.75), rng.uniform(0.08, 0.28)
        top, foot = rng.uniform(0.08, 0.5), rng.uniform(0.82, 0.94)
        # a tongue: wide and hot at its foot, thin at its tip
        along = ((y - top) / (foot - top)).clip(0, 1)
        width = reach * np.sqrt(along) * (1 - 0.5 * smooth(along, 0.85, 1))
        body = (1 - np.abs(x - middle) / (width + 1e-3)).clip(0, 1) * smooth(y, top, top + 0.12) * (1 - smooth(y, foot - 0.06, foot))
        heat = np.maximum(heat, body * rng.uniform(0.7, 1))
    heat = warp(rng, heat, side * rng.uniform(0.05, 0.11), side * rng.uniform(0.15, 0.35))
    texture = field(rng, side, side, side * rng.uniform(0.1, 0.3))
    heat = (smooth(heat, 0.02, rng.uniform(0.45, 0.9)) * (0.55 + 0.75 * texture)).clip(0, 1)
    ramp = rng.choice(["flame", "overexposed", "night"], p=[0.62, 0.25, 0.13])
    light = colour(heat, ramp)
    box = extent(heat > 0.3)
    if box is None:
        return make_flame(rng, side)
    return cv2.GaussianBlur(light, (0, 0), rng.uniform(0.5, 1.5)), box


def make_blaze(rng, side=160):
    """A fire that overexposes a camera at night: a white core without structure, an orange rim, an uneven outline."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    heat = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        (cx, cy), (a, b) = rng.uniform(0.38, 0.62, 2), rng.uniform(0.12, 0.3, 2)
        heat = np.maximum(heat, 1.3 * np.exp(-((x - cx) ** 2 / a**2 + (y - cy) ** 2 / b**2)))
    heat = warp(rng, heat, side * rng.uniform(0.03, 0.1), side * rng.uniform(0.15, 0.4))
    heat *= 0.85 + 0.3 * field(rng, side, side, side * 0.3, 3)
    box = extent(heat > 0.5)
    if box is None:
        return make_blaze(rng, side)
    return colour(heat.clip(0, 1), rng.choice(["overexposed", "flame"], p=[0.75, 0.25])), box


def cut_flame(rng, pixels, box):
    """The light of a labelled fire: what is brighter than its surroundings, fading to the sides."""
    side = pixels.shape[0]
    x1, y1, x2, y2 = (int(round(v * side)) for v in box)
    if min(x2 - x1, y2 - y1) < 12:
        return None
    patch = pixels[y1:y2, x1:x2].astype(np.float32)
    value = patch.max(-1)
    dark, bright = np.percentile(value, 45), np.percentile(value, 97)
    if bright - dark < 40:
        return None
    mask = smooth(value, dark, dark + 0.6 * (bright - dark))
    # the sky, a white truck and the road are brighter than a flame in daylight, but not warmer
    mask *= np.maximum(smooth(patch[..., 0] - patch[..., 2], 15, 45), smooth(patch[..., 0], 215, 245))
    h, w = mask.shape
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    edge = np.minimum(np.minimum(x + 1, w - x) / w, np.minimum(y + 1, h - y) / h)
    mask *= smooth(edge, 0, 0.1)
    found = extent(mask > 0.45)
    return None if found is None else (patch * mask[..., None], found)


def add_light(rng, scene, light, at, size, glow=(0.1, 0.5)):
    """Adds `light` scaled to `size` (w, h pixels) at `at` (left, top), with a glow of that
    strength around it. Changes `scene` (float32)."""
    w, h = size
    light = cv2.resize(light, (w, h), interpolation=cv2.INTER_AREA if light.shape[1] > w else cv2.INTER_LINEAR).astype(np.float32)
    scene_h, scene_w = scene.shape[:2]
    if rng.random() < 0.7:
        strength, reach = rng.uniform(*glow), max(w, h) * rng.uniform(0.5, 1.6)
        y, x = np.mgrid[0:scene_h, 0:scene_w].astype(np.float32)
        d2 = ((x - at[0] - w / 2) ** 2 + (y - at[1] - h / 2) ** 2) / (reach * reach)
        warm = np.array([255, rng.uniform(90, 190), rng.uniform(20, 120)], np.float32)
        _screen(scene, np.exp(-2 * d2)[..., None] * warm * strength)
    x1, y1, x2, y2 = max(0, at[0]), max(0, at[1]), min(scene_w, at[0] + w), min(scene_h, at[1] + h)
    if x2 > x1 and y2 > y1:
        _screen(scene[y1:y2, x1:x2], light[y1 - at[1] : y2 - at[1], x1 - at[0] : x2 - at[0]] * rng.uniform(0.85, 1.1))


def _screen(scene, light):
    scene[:] = 255 - (255 - scene) * (255 - light.clip(0, 255)) / 255


def extent(mask):
    """Box x1, y1, x2, y2 (fractions) of what is set, without the outermost percent; None when there is too little."""
    if mask.sum() < 20:
        return None
    h, w = mask.shape
    y, x = np.nonzero(mask)
    (x1, x2), (y1, y2) = np.percentile(x, (1, 99)), np.percentile(y, (1, 99))
    return np.array([x1 / w, y1 / h, (x2 + 1) / w, (y2 + 1) / h], np.float32)
