"""What is minimised: classes by binary cross-entropy towards the overlap (quality focal), boxes by generalised IoU."""

import torch
import torch.nn.functional as F

from assign import assign
from detector import all_cells

BOX_WEIGHT = 2.0
# classes that nobody labelled in a part of a picture: a high score there is hardly held against the detector
UNLABELLED_WEIGHT = 0.1


def generalised_iou(a, b):
    """Of pairs of boxes `[N, 4]`."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    area = lambda x: (x[:, 2:] - x[:, :2]).clamp(min=0).prod(-1)
    union = area(a) + area(b) - both + 1e-6
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(-1) + 1e-6
    return both / union - (hull - union) / hull


def detection_loss(logits, boxes, batch):
    """@returns the loss and its parts as numbers. `batch` comes from `batches.collate`."""
    height, width = batch["size"]
    centres, strides = all_cells(height, width)
    index, overlap = assign(logits, boxes, centres, strides, batch["boxes"], batch["labels"], batch["valid"])
    hit = index >= 0
    target = torch.zeros_like(logits)
    if hit.any():
        which = batch["labels"].gather(1, index.clamp(min=0))
        target[hit] = F.one_hot(which[hit], logits.shape[-1]).float() * overlap[hit][:, None]
    known = torch.ones_like(logits)
    for i, region, classes in batch["unlabelled"]:
        x1, y1, x2, y2 = region
        there = (centres[:, 0] >= x1) & (centres[:, 1] >= y1) & (centres[:, 0] < x2) & (centres[:, 1] < y2)
        for c in classes:
            known[i, there, c] = UNLABELLED_WEIGHT
    known = torch.where(target > 0, torch.ones_like(known), known)
    quality = (logits.detach().sigmoid() - target).abs().square()
    scale = overlap.sum().clamp(min=1)
    classes = (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * quality * known).sum() / scale
    where = boxes.sum() * 0
    if hit.any():
        truth = batch["boxes"].gather(1, index.clamp(min=0)[..., None].expand(-1, -1, 4))[hit]
        where = ((1 - generalised_iou(boxes[hit], truth)) * overlap[hit].clamp(min=0.05)).sum() / scale
    total = classes + BOX_WEIGHT * where
    return total, {"classes": float(classes), "boxes": float(where), "cells": int(hit.sum())}
