#!/usr/bin/python3
"""Writes a split anew as another camera would have seen it: `shift.py --data DATA --out OUT dark`. evaluate.py measures on the copy.

What a model loses here tells more about other cameras than differences on the split itself, which looks like the training data.
"""

import argparse
import shutil
from pathlib import Path

import cv2
import numpy as np


def main():
    p = argparse.ArgumentParser(description="Copies a split with changed pictures and, where they move, changed labels.")
    p.add_argument("--data", type=Path, required=True)
    p.add_argument("--split", default="val")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("kind", choices=sorted(KINDS))
    args = p.parse_args()
    for part in ("images", "labels"):
        (args.out / part / args.split).mkdir(parents=True, exist_ok=True)
    shutil.copy(args.data / "sources.tsv", args.out)
    for number, file in enumerate(sorted((args.data / "images" / args.split).glob("*.jpg"))):
        rng = np.random.default_rng((7, number))
        picture, place = KINDS[args.kind](rng, cv2.imread(str(file), cv2.IMREAD_COLOR))
        quality = 20 if args.kind == "coarse" else 90
        cv2.imwrite(str(args.out / "images" / args.split / file.name), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        labels = (args.data / "labels" / args.split / f"{file.stem}.txt").read_text().splitlines()
        moved = [move(line, place) for line in labels if line.strip()]
        (args.out / "labels" / args.split / f"{file.stem}.txt").write_text("\n".join(moved))


def move(line, place):
    """`place` is where the whole picture lies now: left, top, width, height as fractions."""
    label, *box = line.split()
    x, y, w, h = (float(v) for v in box)
    left, top, width, height = place
    return f"{label} {left + x * width:.6f} {top + y * height:.6f} {w * width:.6f} {h * height:.6f}"


WHOLE = (0, 0, 1, 1)


def dark(rng, picture):
    """Dusk: the shadows sink (gamma 1.6), 0.6 of the light, sensor noise."""
    value = 255 * (picture / 255.0) ** 1.6 * 0.6 + rng.normal(0, 8, picture.shape[:2])[..., None]
    return value.clip(0, 255).astype(np.uint8), WHOLE


def warm(rng, picture):
    """A sodium lamp: blue (the first channel in OpenCV) nearly gone."""
    return (picture * np.array([0.5, 0.85, 1.1])).clip(0, 255).astype(np.uint8), WHOLE


def coarse(rng, picture):
    """A third of the resolution and a strong JPEG (see `main`)."""
    h, w = picture.shape[:2]
    small = cv2.resize(picture, (w // 3, h // 3), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR), WHOLE


def small(rng, picture):
    """Half as large, in a scene of which nothing is known."""
    return _onto(rng, picture, 0.5, 0.5)


def narrow(rng, picture):
    """What is 16:9 wide, pressed into a square."""
    return _onto(rng, picture, 9 / 16, 1.0)


def _onto(rng, picture, width, height):
    h, w = picture.shape[:2]
    ground = cv2.resize(cv2.resize(picture, (6, 6), interpolation=cv2.INTER_AREA), (w, h), interpolation=cv2.INTER_CUBIC) // 2
    pw, ph = round(w * width), round(h * height)
    left, top = (int(rng.integers(0, n + 1)) for n in (w - pw, h - ph))
    ground[top : top + ph, left : left + pw] = cv2.resize(picture, (pw, ph), interpolation=cv2.INTER_AREA)
    return ground, (left / w, top / h, pw / w, ph / h)


KINDS = {f.__name__: f for f in (dark, warm, coarse, small, narrow)}

if __name__ == "__main__":
    main()
