"""What is taken for fire and smoke and is not: lamps, glare, paper, sunsets, clouds, red cloth. Drawn into pictures without a box."""

import cv2
import numpy as np

from noise import field, smooth, warp


def add_lookalike(rng, scene):
    """Draws one of them into `scene` (float32 RGB, changed)."""
    kind = rng.choice([lamps, glare, sky, cloth, fog, paper, ball], p=[0.15, 0.1, 0.19, 0.12, 0.05, 0.34, 0.05])
    kind(rng, scene)


def lamps(rng, scene):
    """One to six small round lights with a halo, often in a row or a pair."""
    h, w = scene.shape[:2]
    if rng.random() < 0.5:
        scene *= rng.uniform(0.25, 0.8)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    many = int(rng.integers(1, 7))
    start, step = rng.uniform(0, 1, 2) * (w, h * 0.7), rng.uniform(-0.3, 0.3, 2) * (w, h * 0.4)
    warm = np.array([255, rng.uniform(190, 250), rng.uniform(110, 250)], np.float32)
    size = rng.uniform(0.008, 0.03) * w
    for i in range(many):
        at = start + step * i
        away = np.sqrt((x - at[0]) ** 2 + (y - at[1]) ** 2)
        light = 1.3 * np.exp(-((away / size) ** 2)) + rng.uniform(0.1, 0.4) * np.exp(-away / (size * rng.uniform(2, 5)))
        scene += light.clip(0, 1.2)[..., None] * (warm - scene).clip(0)


def glare(rng, scene):
    """The sun or its reflection: white without the colours of fire, with streaks."""
    h, w = scene.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    at, size = rng.uniform(0, 1, 2) * (w, h * 0.6), rng.uniform(0.03, 0.14) * w
    angle, squeeze = rng.uniform(0, np.pi), rng.uniform(0.05, 0.5)
    u = (x - at[0]) * np.cos(angle) + (y - at[1]) * np.sin(angle)
    v = (y - at[1]) * np.cos(angle) - (x - at[0]) * np.sin(angle)
    light = 1.5 * np.exp(-np.sqrt(u * u + (v / squeeze) ** 2) / size)
    scene += light.clip(0, 1)[..., None] * (np.array([255, 253, rng.uniform(235, 255)], np.float32) - scene).clip(0)


def sky(rng, scene):
    """The upper part becomes sky behind an uneven skyline: blue with clouds, white, or a sunset."""
    h, w = scene.shape[:2]
    line = rng.uniform(0.15, 0.5) * h + (field(rng, 1, w, w * rng.uniform(0.05, 0.3))[0] - 0.5) * h * rng.uniform(0.02, 0.2)
    y = np.arange(h, dtype=np.float32)[:, None]
    cover = smooth(line[None] - y, -1, 1.5)[..., None]
    down = (y / max(1.0, float(line.max()))).clip(0, 1)[..., None]
    kind, light = rng.random(), np.array([250, 245, 240]) * rng.uniform(0.6, 1)
    if kind < 0.2:
        # overcast and over-exposed
        top, low = np.array([225, 230, 235]) * rng.uniform(0.85, 1.1), np.array([250, 252, 255])
    elif kind < 0.45:
        # dark clouds: as grey as smoke, but all over the sky
        top, low = np.array([205, 208, 215]) * rng.uniform(0.4, 0.9), np.array([215, 218, 222]) * rng.uniform(0.8, 1.1)
        light = np.array([215, 218, 225]) * rng.uniform(0.5, 1.1)
    elif kind < 0.7:
        top, low = np.array([40, 50, 110]) * rng.uniform(0.4, 1.6), np.array([255, rng.uniform(100, 190), rng.uniform(30, 110)])
    else:
        top, low = np.array([rng.uniform(60, 170), rng.uniform(120, 190), rng.uniform(180, 240)]), np.array([205, 220, 235])
    colour = (top + (low - top) * down).clip(0, 255) * np.ones((1, w, 1))
    puffs = smooth(field(rng, h, w, w * rng.uniform(0.1, 0.4), 5), rng.uniform(0.35, 0.6), 0.95)[..., None]
    colour = colour + puffs * rng.uniform(0.2, 0.9) * (light - colour)
    scene[:] = scene * (1 - cover) + colour * cover


def cloth(rng, scene):
    """A red, orange or yellow sheet with folds: banners, awnings, jackets, plastic."""
    h, w = scene.shape[:2]
    cw, ch = int(rng.uniform(0.08, 0.4) * w), int(rng.uniform(0.08, 0.4) * h)
    shape = np.zeros((ch, cw), np.float32)
    cv2.fillConvexPoly(shape, cv2.convexHull((rng.random((6, 2)) * (cw, ch)).astype(np.int32)), 1.0)
    shape = warp(rng, shape, cw * 0.08, max(4, cw * 0.3))
    x = np.arange(cw, dtype=np.float32)[None]
    folds = 0.75 + 0.25 * np.sin(x / cw * rng.uniform(4, 30) + 4 * field(rng, ch, cw, max(4, cw * 0.4)))
    hue = np.array([rng.uniform(190, 255), rng.uniform(10, 190), rng.uniform(0, 60)], np.float32)
    left, top = int(rng.uniform(0, w - cw)), int(rng.uniform(0, h - ch))
    view = scene[top : top + ch, left : left + cw]
    cover = shape[..., None]
    view[:] = view * (1 - cover) + hue * folds[..., None] * rng.uniform(0.5, 1) * cover


def paper(rng, scene):
    """One to three white sheets, plates or panes that the exposure burns out: as white as a fire, but flat and without a rim."""
    h, w = scene.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        pw, ph = np.exp(rng.uniform(np.log(0.05), np.log(0.4), 2)) * (w, h)
        corners = (rng.random((int(rng.integers(4, 9)), 2)) - 0.5) * (pw, ph) + rng.random(2) * (w, h)
        shape = np.zeros((h, w), np.float32)
        cv2.fillConvexPoly(shape, cv2.convexHull(corners.astype(np.int32)), 1.0)
        if rng.random() < 0.4:
            # sky through leaves, crumpled foil
            shape *= smooth(field(rng, h, w, max(4, pw * rng.uniform(0.1, 0.6)), 3), 0.4, 0.5)
        shape = cv2.GaussianBlur(shape, (0, 0), rng.uniform(0.4, 1.5))[..., None]
        white = np.array([1, rng.uniform(0.95, 1.02), rng.uniform(0.88, 1.05)]) * rng.uniform(215, 285)
        scene[:] = scene * (1 - shape) + white * shape


def ball(rng, scene):
    """Something round or square with light from one side and a pattern: neither a bin nor smoke, however much it fills the picture."""
    h, w = scene.shape[:2]
    reach = np.exp(rng.uniform(np.log(0.05), np.log(0.45), 2)) * (w, h)
    at, angle = rng.uniform(0.1, 0.9, 2) * (w, h), rng.uniform(0, np.pi)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    u = ((x - at[0]) * np.cos(angle) + (y - at[1]) * np.sin(angle)) / reach[0]
    v = ((y - at[1]) * np.cos(angle) - (x - at[0]) * np.sin(angle)) / reach[1]
    power = rng.choice([2.0, 8.0])
    inside = smooth(1 - np.abs(u) ** power - np.abs(v) ** power, 0, 0.05)[..., None]
    shade = 1 + rng.uniform(0.1, 0.6) * (u * rng.uniform(-1, 1) + v * rng.uniform(-1, 1)).clip(-1, 1)
    many = rng.uniform(2, 12)
    pattern = rng.choice([0, 1, 2], p=[0.5, 0.3, 0.2])
    if pattern == 1:
        shade = shade * (0.5 + 0.5 * ((np.floor(u * many) + np.floor(v * many)) % 2))
    elif pattern == 2:
        shade = shade * (0.7 + 0.6 * field(rng, h, w, max(4, w / 20), 3))
    scene[:] = scene * (1 - inside) + rng.uniform(20, 255, 3) * shade[..., None] * inside


def fog(rng, scene):
    """Even haze over everything: a wet lens, mist, a low-contrast camera."""
    thick = rng.uniform(0.15, 0.5)
    scene[:] = scene * (1 - thick) + rng.uniform(120, 230) * thick
