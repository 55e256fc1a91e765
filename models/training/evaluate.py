#!/usr/bin/python3
"""The figures of the card: runs the real program over a split and measures what comes out. See README.md."""

import argparse
import csv
import json
import subprocess
from pathlib import Path

import numpy as np

from detector import LABELS
from fireboxes import read_drawn
from measure import auc, average_precision, match, top_score
from photos import read_labels

HERE = Path(__file__).resolve().parent
WASTE = LABELS[2:]
DRAWS = 1000
# F1 is flat around its best: so much of it is given for the higher threshold, which raises less wrongly
FLAT = 0.03
# pictures in 1,000 that the threshold may raise wrongly; a fire that is missed costs more than smoke that is missed
FALSE_ALARMS = {"fire": 15, "smoke": 8}


def main():
    p = argparse.ArgumentParser(description="Measures a model with `gridhub detect --json` over images/<split>.")
    p.add_argument("--data", type=Path, required=True)
    p.add_argument("--split", default="val")
    p.add_argument("--model", default="fire-smoke-waste")
    p.add_argument("--models", type=Path, default=HERE.parent, help="folder of the models")
    p.add_argument("--fixed", help='JSON of thresholds to measure with; without it they are chosen on this split, {"fire": 0.3, ...}')
    p.add_argument("--redrawn", type=Path, help="measure fire against these boxes, too, for example fire-boxes-val.tsv")
    args = p.parse_args()
    pictures = read(args)
    report = {"pictures": len(pictures), "ms_p50": float(np.median([x["ms"] for x in pictures]))}
    report["ap50"] = {name: precision(pictures, c, 0.5) for c, name in enumerate(LABELS)}
    report["fire_ap30"] = precision(pictures, 0, 0.3)
    if args.redrawn:
        drawn = read_drawn(args.redrawn)
        anew = [{**x, "truth": redrawn(x, drawn)} for x in pictures]
        report["fire_redrawn"] = {"iou50": precision(anew, 0, 0.5), "iou30": precision(anew, 0, 0.3)}
    # frames with fire are left out of smoke's negatives and the other way round, see `quiet`
    report["auc"] = {name: image_auc(pictures, c) for c, name in enumerate(LABELS[:2])}
    chosen = json.loads(args.fixed) if args.fixed else thresholds(pictures)
    report["thresholds"] = chosen
    report["at_thresholds"] = {name: at_threshold(pictures, c, chosen[name]) for c, name in enumerate(LABELS)}
    report["by_source"] = {s: source_figures(pictures, s, chosen) for s in sorted({x["source"] for x in pictures})}
    report["left_out"] = {s: left_out(pictures, s) for s in report["by_source"]}
    print(json.dumps(report, indent=1))


def read(args):
    """Pictures of the split with their truth and what the program sees in them, both as fractions-free pixel boxes."""
    with open(args.data / "sources.tsv", newline="") as f:
        origin = {r["file"]: r for r in csv.DictReader(f, delimiter="\t")}
    files = sorted((args.data / "images" / args.split).glob("*.jpg"))
    pictures = []
    for k in range(0, len(files), 100):
        call = ["npx", "--no", "gridhub", "detect", "--models", str(args.models.resolve()), "--model", args.model, "--json"]
        call += [str(f.resolve()) for f in files[k : k + 100]]
        out = subprocess.run(call, cwd=HERE.parent.parent, check=True, capture_output=True, text=True).stdout
        for line in out.splitlines():
            if line.startswith("{"):
                pictures.append(picture(json.loads(line), origin, args))
    if len(pictures) != len(files):
        raise SystemExit(f"{len(files)} pictures, {len(pictures)} answers")
    return pictures


def picture(answer, origin, args):
    file = Path(answer["image"])
    row = origin[f"{args.split}/{file.name}"]
    rows = [[LABELS.index(d["label"]), d["score"], *d["box"]] for d in answer["detections"]]
    found = np.array(rows, np.float64).reshape(-1, 6)
    found[:, 4:] += found[:, 2:4]
    found[:, 2:] /= 416
    truth = read_labels(args.data / "labels" / args.split / f"{file.stem}.txt")
    source = row["source"] if row["dataset"] == "fire8" else row["dataset"]
    return {"name": file.name, "source": source, "found": found, "truth": truth, "ms": answer["ms"]}


def precision(pictures, label, least):
    """AP with the interval of 95 in 100 draws of pictures. Frames of one video are alike: for fire and smoke the truth is wider."""
    matches = [match(x["found"], x["truth"], label, least) for x in pictures]
    rng = np.random.default_rng(0)
    draws = [average_precision([matches[i] for i in rng.integers(0, len(matches), len(matches))]) for _ in range(DRAWS)]
    low, high = np.percentile([d for d in draws if d is not None], (2.5, 97.5))
    return {"ap": rounded(average_precision(matches)), "low": rounded(low), "high": rounded(high), "boxes": sum(m[2] for m in matches)}


def redrawn(x, drawn):
    """The truth with the fire boxes of `drawn` instead of the labelled ones."""
    boxes = drawn.get(x["name"], np.zeros((0, 4)))
    return np.concatenate([x["truth"][x["truth"][:, 0] != 0], np.insert(boxes, 0, 0, axis=1)])


def image_auc(pictures, label):
    pictures = [x for x in pictures if quiet(x, label) or (x["truth"][:, 0] == label).any()]
    scores = np.array([top_score(x["found"], label) for x in pictures])
    positive = np.array([(x["truth"][:, 0] == label).any() for x in pictures])
    rng = np.random.default_rng(0)
    draws = [auc(scores[i], positive[i]) for i in (rng.integers(0, len(scores), len(scores)) for _ in range(DRAWS))]
    low, high = np.percentile([d for d in draws if d is not None], (2.5, 97.5))
    return {"auc": rounded(auc(scores, positive)), "low": rounded(low), "high": rounded(high)}


def thresholds(pictures):
    """Fire and smoke: half way between the last picture that may be raised and the first that may not. Waste: the best F1 of boxes, or nearly."""
    chosen = {name: quiet_threshold(pictures, c, FALSE_ALARMS[name]) for c, name in enumerate(LABELS[:2])}
    for name in WASTE:
        chosen[name] = best_f1(pictures, LABELS.index(name))
    return chosen


def quiet(x, label):
    """A picture that must not raise the class. Where there is fire there is smoke and the other way round, labelled or not."""
    return not np.isin(x["truth"][:, 0], (0, 1) if label < 2 else (label,)).any()


def quiet_threshold(pictures, label, allowed):
    scores = [top_score(x["found"], label) for x in pictures if quiet(x, label)]
    highest = np.sort(scores)[::-1]
    most = min(len(highest) - 1, int(allowed * len(highest) / 1000))
    return round(float(highest[max(0, most - 1) : most + 1].mean()), 2)


def best_f1(pictures, label):
    matches = [match(x["found"], x["truth"], label, 0.5) for x in pictures]
    scores, hits = np.concatenate([m[0] for m in matches]), np.concatenate([m[1] for m in matches])
    total = sum(m[2] for m in matches)
    grid = np.arange(0.05, 0.9, 0.01)
    f1 = [2 * hits[scores >= t].sum() / max(1, (scores >= t).sum() + total) for t in grid]
    return round(float(max(t for t, f in zip(grid, f1) if f >= max(f1) - FLAT)), 2)


def at_threshold(pictures, label, threshold):
    """Boxes right and wrong, pictures found and pictures raised without cause."""
    right = wrong = total = found = positive = negative = raised = 0
    for x in pictures:
        scores, hits, boxes = match(x["found"], x["truth"], label, 0.5)
        sure = scores >= threshold
        right, wrong, total = right + int(hits[sure].sum()), wrong + int((~hits[sure]).sum()), total + boxes
        if boxes:
            positive, found = positive + 1, found + int(sure.any())
        elif quiet(x, label):
            negative, raised = negative + 1, raised + int(sure.any())
    return {
        "box_precision": rounded(right / max(1, right + wrong)),
        "box_recall": rounded(right / max(1, total)),
        "image_recall": rounded(found / max(1, positive)),
        "false_alarms_per_1000_negatives": round(1000 * raised / max(1, negative), 1),
        "negatives": negative,
    }


def source_figures(pictures, source, chosen):
    """Fire and smoke of one video: pictures that show it and are found, pictures that do not and are raised, 3 of 5 in a row."""
    own = sorted((x for x in pictures if x["source"] == source), key=lambda x: x["name"])
    out = {"pictures": len(own)}
    for c, name in enumerate(LABELS[:2]):
        shown = np.array([(x["truth"][:, 0] == c).any() for x in own])
        seen = np.array([top_score(x["found"], c) >= chosen[name] for x in own])
        calm = np.array([quiet(x, c) for x in own])
        out[name] = {"shown": int(shown.sum()), "found": int((shown & seen).sum()), "raised": int((calm & seen).sum())}
        if source != "garbage-cn":
            out[name]["three_of_five"] = bool(len(own) >= 5 and np.convolve(seen, np.ones(5), "valid").max() >= 3)
    return out


def left_out(pictures, source):
    """Thresholds chosen without a source, then measured on it: how far they carry over."""
    rest = [x for x in pictures if x["source"] != source]
    own = [x for x in pictures if x["source"] == source]
    out = {}
    for c, name in enumerate(LABELS[:2]):
        threshold = quiet_threshold(rest, c, FALSE_ALARMS[name])
        at = at_threshold(own, c, threshold)
        shown = any((x["truth"][:, 0] == c).any() for x in own)
        recall = at["image_recall"] if shown else None
        out[name] = {"threshold": threshold, "image_recall": recall, "raised_per_1000": at["false_alarms_per_1000_negatives"]}
    return out


def rounded(value):
    return None if value is None else round(float(value), 3)


if __name__ == "__main__":
    main()
