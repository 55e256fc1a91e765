"""A quick look at the validation split while training; the figures of the card come from `evaluate.py` and the real program."""

import cv2
import numpy as np
import torch
from torchvision.ops import batched_nms

from detector import LABELS
from measure import auc, average_precision, match, top_score

FLOOR = 0.01


@torch.no_grad()
def detect(model, image, side: int):
    """Detections `[n, 6]` (label, score, box as fractions) in `image` `[h, w, 3]` RGB bytes."""
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    logits, boxes = model(torch.from_numpy(small).permute(2, 0, 1)[None].float())
    scores = logits[0].sigmoid()
    cell, label = (scores > FLOOR).nonzero(as_tuple=True)
    scores, boxes = scores[cell, label], boxes[0][cell].clamp(0, side)
    keep = batched_nms(boxes, scores, label, 0.6)[:100]
    parts = [label[keep][:, None].float(), scores[keep][:, None], boxes[keep] / side]
    return torch.cat(parts, 1).numpy()


def quick_figures(model, photos, side: int):
    """AP50 a class and AUC of fire and smoke, as text and as numbers."""
    model.eval()
    found = [detect(model, np.asarray(p), side) for p in photos.pixels]
    figures = {}
    for c, name in enumerate(LABELS):
        figures[name] = average_precision([match(d, t, c, 0.5) for d, t in zip(found, photos.boxes)])
    for c, name in enumerate(LABELS[:2]):
        figures[f"auc_{name}"] = auc([top_score(d, c) for d in found], [(t[:, 0] == c).any() for t in photos.boxes])
    return figures
