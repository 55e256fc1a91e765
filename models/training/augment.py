"""One training picture: photos cut, zoomed, stretched, mirrored and recoloured; fire, smoke and their look-alikes put in."""

from dataclasses import dataclass, field as default

import cv2
import numpy as np

from flames import add_light
from lookalikes import add_lookalike, sky
from photos import Photos
from strong import ground, other_camera, other_light, stand_before
from smoke import lay_over
from sprites import Sprites

FIRE, SMOKE = 0, 1
GREY = 114
# what is left of a box after cutting that is still called by its name; fire and smoke have no parts
LEAST_VISIBLE = np.array([0.12, 0.12, 0.3, 0.3, 0.3])


@dataclass(frozen=True)
class Mix:
    """How often things happen, 0..1."""

    mosaic: float = 0.5
    fire: float = 0.18
    smoke: float = 0.14
    lookalike: float = 0.2
    night: float = 0.3
    zoom: tuple = (0.6, 1.6)
    # another lens, lamp and encoder than those of the data
    strong: float = 0.0
    # something stands before the scene
    cover: float = 0.0


@dataclass
class Sample:
    image: np.ndarray
    boxes: np.ndarray  # [n, 5] class, x1, y1, x2, y2 in pixels
    unlabelled: list = default(default_factory=list)  # (x1, y1, x2, y2), classes


def make_sample(rng, photos: Photos, sprites: Sprites, pick, side: int, mix: Mix) -> Sample:
    """`pick(rng)` gives the index of a photo."""
    if rng.random() < mix.mosaic:
        sample = _mosaic(rng, photos, pick, side, mix.zoom)
    else:
        i = pick(rng)
        canvas = np.full((side, side, 3), GREY, np.uint8)
        if rng.random() < mix.strong:
            # a blurred fire is still a fire: it must not become the ground
            burns = np.isin(photos.boxes[i][:, 0], (FIRE, SMOKE)).any()
            canvas = ground(rng, None if burns else photos.pixels[i], side)
        sample = Sample(canvas, np.zeros((0, 5), np.float32))
        _place(rng, sample, photos, i, (0, 0, side, side), mix.zoom)
    if rng.random() < mix.strong:
        sample.image = other_light(rng, sample.image)
    # bytes are cut at 0 and 255 here, as a sensor does
    scene = _recolour(rng, sample.image).astype(np.float32)
    burning = np.isin(sample.boxes[:, 0], (FIRE, SMOKE)).any()
    if not burning:
        if rng.random() < mix.lookalike:
            _change(scene, sample, lambda: add_lookalike(rng, scene))
        _compose(rng, scene, sample, sprites, mix)
    if rng.random() < mix.cover:
        _change(scene, sample, lambda: stand_before(rng, scene))
    if rng.random() < 0.5:
        scene = _mirror(sample, scene)
    if rng.random() < mix.strong:
        scene = other_camera(rng, scene)
    sample.image = _camera(rng, scene)
    return sample


def _mosaic(rng, photos, pick, side, zoom):
    sample = Sample(np.full((side, side, 3), GREY, np.uint8), np.zeros((0, 5), np.float32))
    x, y = (int(rng.uniform(0.3, 0.7) * side) for _ in range(2))
    for region in ((0, 0, x, y), (x, 0, side, y), (0, y, x, side), (x, y, side, side)):
        _place(rng, sample, photos, pick(rng), region, zoom)
    return sample


def _place(rng, sample: Sample, photos: Photos, i: int, region, zoom):
    """Puts photo `i`, zoomed and stretched at random, into `region` (x1, y1, x2, y2) of the sample."""
    x1, y1, x2, y2 = region
    w, h = x2 - x1, y2 - y1
    factor = np.exp(rng.uniform(*np.log(zoom)))
    # the aspect of the scene was lost in the data; half to twice as wide is what cameras make of it
    aspect = np.exp(rng.triangular(np.log(0.5), 0, np.log(2)))
    base = max(w, h)
    pw, ph = (max(16, int(base * factor * a)) for a in (np.sqrt(aspect), 1 / np.sqrt(aspect)))
    left, top = (int(rng.uniform(min(0, r - p), max(0, r - p))) for r, p in ((w, pw), (h, ph)))
    pixels = photos.pixels[i]
    picture = cv2.resize(pixels, (pw, ph), interpolation=cv2.INTER_AREA if pw < pixels.shape[1] else cv2.INTER_LINEAR)
    ax1, ay1, ax2, ay2 = max(0, left), max(0, top), min(w, left + pw), min(h, top + ph)
    sample.image[y1 + ay1 : y1 + ay2, x1 + ax1 : x1 + ax2] = picture[ay1 - top : ay2 - top, ax1 - left : ax2 - left]
    boxes = photos.boxes[i].copy()
    boxes[:, 1:] = boxes[:, 1:] * (pw, ph, pw, ph) + (x1 + left, y1 + top) * 2
    kept, lost = _clip(boxes, (x1 + ax1, y1 + ay1, x1 + ax2, y1 + ay2))
    sample.boxes = np.concatenate([sample.boxes, kept])
    sample.unlabelled += [(tuple(b[1:]), (int(b[0]),)) for b in lost]
    if photos.unlabelled(i):
        sample.unlabelled.append((tuple(region), photos.unlabelled(i)))


def _clip(boxes, region):
    """Boxes as far as they are in `region`, and what is left of those that lost too much to be called by their name."""
    low, high = np.array(region[:2] * 2, np.float32), np.array(region[2:] * 2, np.float32)
    cut = boxes.copy()
    cut[:, 1:] = boxes[:, 1:].clip(low, high)
    size = lambda b: (b[:, 3] - b[:, 1]) * (b[:, 4] - b[:, 2])
    left = size(cut) / (size(boxes) + 1e-6)
    large = (cut[:, 3] - cut[:, 1] > 3) & (cut[:, 4] - cut[:, 2] > 3)
    keep = large & (left >= LEAST_VISIBLE[boxes[:, 0].astype(int)])
    return cut[keep], cut[large & ~keep]


def _compose(rng, scene, sample, sprites, mix):
    """Fire, smoke or both where there was none."""
    fire, smoke = rng.random() < mix.fire, rng.random() < mix.smoke
    if not fire and not smoke:
        return
    side = scene.shape[0]
    if fire and rng.random() < mix.night:
        scene *= rng.uniform(0.2, 0.7)
    at = None
    if smoke:
        if rng.random() < 0.3:
            # a plume seen from afar stands before the sky
            _change(scene, sample, lambda: sky(rng, scene))
        sprite, box = sprites.smoke(rng)
        at, size = _spot(rng, side, 0.2, 1.3, overhang=0.4)
        _change(scene, sample, lambda: lay_over(scene, sprite, at, size))
        _label(sample, SMOKE, box, at, size, side)
        foot = (at[0] + size[0] * float(box[0] + box[2]) / 2, at[1] + size[1] * float(box[3]))
    if fire:
        kind = rng.choice(["drawn", "cut", "blaze"], p=[0.4, 0.35, 0.25])
        glow, least = (0.1, 0.5), 0.06
        if kind == "cut":
            # light that was cut out of a night scene drowns in daylight
            scene *= rng.uniform(0.3, 0.9)
            light, box = sprites.cut_flame(rng)
        elif kind == "blaze":
            # what the fire lights up is all that is left of the scene
            scene *= rng.uniform(0.2, 0.6)
            glow, least = (0.3, 0.9), 0.15
            light, box = sprites.blaze(rng)
        else:
            light, box = sprites.flame(rng)
        if pale(light):
            # only in the dark does a camera see fire white; by day what is white is paper
            scene *= rng.uniform(0.4, 0.8)
        spot, size = _spot(rng, side, least, 0.7, overhang=0.1)
        if at is not None and rng.random() < 0.6:
            spot = (int(foot[0] - size[0] / 2), int(foot[1] - size[1] * 0.8))
        _change(scene, sample, lambda: add_light(rng, scene, light, spot, size, glow))
        _label(sample, FIRE, box, spot, size, side)


def pale(light):
    """Flames without a colour."""
    bright = light[light.max(-1) > 200].astype(np.float32)
    return len(bright) > 0 and (bright[:, 0] - bright[:, 2]).mean() < 50


def _spot(rng, side, least, most, overhang):
    size = np.exp(rng.uniform(np.log(least), np.log(most))) * side
    aspect = np.exp(rng.uniform(-0.5, 0.5))
    w, h = (max(8, int(size * a)) for a in (np.sqrt(aspect), 1 / np.sqrt(aspect)))
    at = tuple(int(rng.uniform(min(0, side - n) - overhang * n, max(0, side - n) + overhang * n)) for n in (w, h))
    return at, (w, h)


def _label(sample, label, box, at, size, side):
    row = np.array([[label, *(box * (size * 2) + at * 2)]], np.float32)
    kept, lost = _clip(row, (0, 0, side, side))
    sample.boxes = np.concatenate([sample.boxes, kept])
    sample.unlabelled += [(tuple(b[1:]), (label,)) for b in lost]


def _change(scene, sample, draw):
    """Draws, and takes the name from boxes whose content cannot be recognised any more."""
    before = scene.copy()
    draw()
    if not len(sample.boxes):
        return
    change = np.abs(scene - before).mean(-1)
    keep = []
    for b in sample.boxes:
        x1, y1, x2, y2 = (int(v) for v in b[1:])
        gone = change[y1 : y2 + 1, x1 : x2 + 1].mean() > 50
        keep.append(not gone)
        if gone:
            sample.unlabelled.append((tuple(b[1:]), (int(b[0]),)))
    sample.boxes = sample.boxes[np.array(keep)]


def _recolour(rng, scene):
    """Exposure, contrast, saturation, white balance as one matrix; sometimes grey, as cameras are at night."""
    contrast = np.exp(rng.normal(0, 0.2))
    gain = np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.06, 3)) * contrast
    saturation = 0 if rng.random() < 0.06 else np.exp(rng.normal(0, 0.25))
    matrix = (np.full((3, 3), 1 / 3) * (1 - saturation) + np.eye(3) * saturation) @ np.diag(gain)
    shift = np.full((3, 1), 110 * (1 - contrast))
    return cv2.transform(scene, np.concatenate([matrix, shift], 1))


def _camera(rng, scene):
    """What lens, sensor and encoder add, and the writing over the picture: a camera's look must not stand for what it saw."""
    if rng.random() < 0.08:
        small = cv2.resize(scene, None, fx=rng.uniform(0.4, 0.8), fy=rng.uniform(0.4, 0.8), interpolation=cv2.INTER_AREA)
        scene = cv2.resize(small, scene.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.3:
        _write(rng, scene)
    if rng.random() < 0.15:
        scene = cv2.GaussianBlur(scene, (0, 0), rng.uniform(0.4, 1.3))
    if rng.random() < 0.15:
        scene = scene + rng.normal(0, rng.uniform(2, 12), scene.shape[:2]).astype(np.float32)[..., None]
    image = scene.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))])
        image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    return image


def _write(rng, scene):
    """Date, time and camera name in the corners, white or black, as recorders put them."""
    side = scene.shape[0]
    ink = (255, 255, 255) if rng.random() < 0.75 else (0, 0, 0)
    day, clock = rng.integers(1, 29, 2), rng.integers(0, 60, 3)
    stamp = f"20{day[0]:02d}-{day[1] % 12 + 1:02d}-{day[1]:02d} {clock[0] % 24:02d}:{clock[1]:02d}:{clock[2]:02d}"
    name = f"{rng.choice(['CH', 'CAM', 'Camera ', 'IPC'])}{rng.integers(1, 33)}"
    for text, low in ((stamp, 0.05), (name, 0.93)):
        if rng.random() < 0.75:
            at = (int(rng.uniform(0.01, 0.5) * side), int((low + rng.uniform(0, 0.05)) * side))
            cv2.putText(scene, text, at, cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.3, 0.6) * side / 320, ink, 1, cv2.LINE_AA)


def _mirror(sample, scene):
    side = scene.shape[1]
    sample.boxes[:, [1, 3]] = side - sample.boxes[:, [3, 1]]
    sample.unlabelled = [((side - r[2], r[1], side - r[0], r[3]), c) for r, c in sample.unlabelled]
    return np.ascontiguousarray(scene[:, ::-1])
