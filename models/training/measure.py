"""What a set of detections is worth: average precision, image-level AUC, all on numbers, whoever made the detections."""

import numpy as np


def overlap(box, others):
    """IoU of `[4]` with `[n, 4]`, x1, y1, x2, y2."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    both = (high - low).clip(0).prod(1)
    return both / ((box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1) - both + 1e-9)


def match(detections, truth, label: int, least: float):
    """Detections of a class in one picture against its boxes, best score first, each box once.

    Both are arrays `[n, 6]` (label, score, box) and `[m, 5]` (label, box). Returns scores, hit or not, number of boxes.
    """
    found = detections[detections[:, 0] == label]
    found = found[np.argsort(-found[:, 1], kind="stable")]
    boxes = truth[truth[:, 0] == label][:, 1:]
    free = np.ones(len(boxes), bool)
    hits = np.zeros(len(found), bool)
    for k, d in enumerate(found):
        if not free.any():
            break
        iou = np.where(free, overlap(d[2:], boxes), -1)
        best = int(iou.argmax())
        if iou[best] >= least:
            free[best], hits[k] = False, True
    return found[:, 1], hits, len(boxes)


def average_precision(matches):
    """Area under the precision envelope over all `match` results; None without a box."""
    total = sum(m[2] for m in matches)
    if total == 0:
        return None
    scores = np.concatenate([m[0] for m in matches])
    hits = np.concatenate([m[1] for m in matches])[np.argsort(-scores, kind="stable")]
    if not len(hits):
        return 0.0
    right = np.cumsum(hits)
    precision = np.maximum.accumulate((right / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float((precision * hits).sum() / total)


def auc(scores, positive):
    """How often a picture with the class scores above one without it; ties count half."""
    scores, positive = np.asarray(scores, float), np.asarray(positive, bool)
    if positive.all() or not positive.any():
        return None
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    for value in np.unique(scores):
        same = scores == value
        ranks[same] = ranks[same].mean()
    n, m = positive.sum(), (~positive).sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def top_score(detections, label: int):
    found = detections[detections[:, 0] == label]
    return float(found[:, 1].max()) if len(found) else 0.0
