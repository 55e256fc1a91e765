"""The labelled pictures: decoded once into a file of bytes that is mapped into memory, so that the processor is left for training."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

# classes that are labelled in a data set; what else is in its pictures nobody wrote down
LABELLED = {"fire8": (0, 1), "garbage-cn": (0, 1, 2, 3, 4)}
CLASSES = 5
# videos that were looked through: neither bins nor litter in any frame, so they are negatives of those, too
WITHOUT_WASTE = ("abcnews", "alley", "motorway", "newsmoke1", "smoke2")


@dataclass
class Photos:
    """`pixels[i]` `[S, S, 3]` RGB bytes, `boxes[i]` `[n, 5]`: class, x1, y1, x2, y2 as fractions."""

    pixels: np.ndarray
    boxes: list
    names: list
    sets: list
    sources: list

    def __len__(self):
        return len(self.names)

    def without(self, source: str) -> "Photos":
        """All but the photos of one source; an empty name leaves out none."""
        if source and source not in self.sources:
            raise SystemExit(f"{source} is not one of {sorted(set(self.sources))}")
        keep = [i for i, s in enumerate(self.sources) if s != source or not source]
        if len(keep) == len(self):
            return self
        pick = lambda values: [values[i] for i in keep]
        return Photos(self.pixels[keep], pick(self.boxes), pick(self.names), pick(self.sets), pick(self.sources))

    def unlabelled(self, i):
        if self.sources[i] in WITHOUT_WASTE:
            return ()
        return tuple(c for c in range(CLASSES) if c not in LABELLED[self.sets[i]])


def load_photos(data: Path, split: str, cache: Path, side: int) -> Photos:
    """Reads `images/<split>`, `labels/<split>` and `sources.tsv` of `data`; the decoded pictures are kept in `cache`."""
    with open(data / "sources.tsv", newline="") as f:
        origin = {r["file"]: r for r in csv.DictReader(f, delimiter="\t")}
    files = sorted((data / "images" / split).glob("*.jpg"))
    if not files:
        raise SystemExit(f"no pictures in {data / 'images' / split}")
    cache.mkdir(parents=True, exist_ok=True)
    stem = cache / f"{split}-{side}"
    names = [f.name for f in files]
    known = stem.with_suffix(".json")
    if not known.exists() or json.loads(known.read_text()) != names:
        _decode(files, stem.with_suffix(".bytes"), side)
        known.write_text(json.dumps(names))
    pixels = np.memmap(stem.with_suffix(".bytes"), np.uint8, "r", shape=(len(files), side, side, 3))
    rows = [origin[f"{split}/{n}"] for n in names]
    boxes = [read_labels(data / "labels" / split / f"{f.stem}.txt") for f in files]
    return Photos(pixels, boxes, names, [r["dataset"] for r in rows], [r["source"] for r in rows])


def _decode(files, path: Path, side: int):
    out = np.memmap(path, np.uint8, "w+", shape=(len(files), side, side, 3))
    for i, file in enumerate(files):
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if picture is None:
            raise SystemExit(f"{file} cannot be read")
        if picture.shape[:2] != (side, side):
            picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        out[i] = picture[:, :, ::-1]
    out.flush()


def read_labels(path: Path):
    rows = [[float(v) for v in line.split()] for line in path.read_text().splitlines() if line.strip()]
    a = np.array(rows, np.float32).reshape(-1, 5)
    half = a[:, 3:5] / 2
    return np.concatenate([a[:, :1], (a[:, 1:3] - half).clip(0, 1), (a[:, 1:3] + half).clip(0, 1)], 1)
