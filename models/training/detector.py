"""The detector: backbone, three light heads, boxes in pixels of the input."""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from backbone import FEATURES, FROZEN_UNTIL, Backbone, precision

LABELS = ["fire", "smoke", "garbage", "garbage_bin", "overflow"]
STRIDES = [8, 16, 32]
WIDTH = 64
# probability that every cell starts with: most cells hold nothing
PRIOR = 0.01


class Depthwise(nn.Conv2d):
    def __init__(self, channels: int, kernel: int):
        super().__init__(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)

    def forward(self, x):
        with precision(self.kernel_size[0], self.groups):
            return super().forward(x.float())


def _conv(inside: int, outside: int):
    return nn.Sequential(nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside, momentum=0.03, eps=1e-3))


def _branch():
    """Two times depthwise 5 x 5 and 1 x 1: sees 9 x 9 cells for 12 thousand weights."""
    layers = []
    for _ in range(2):
        layers += [Depthwise(WIDTH, 5), _conv(WIDTH, WIDTH), nn.Hardswish()]
    return nn.Sequential(*layers)


class Head(nn.Module):
    """A feature map to class logits and log distances (left, top, right, bottom, in strides) a cell."""

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.reduce = nn.Sequential(_conv(channels, WIDTH), nn.Hardswish())
        self.what, self.where = _branch(), _branch()
        self.logits = nn.Conv2d(WIDTH, classes, 1)
        self.distances = nn.Conv2d(WIDTH, 4, 1)
        nn.init.normal_(self.logits.weight, std=0.01)
        nn.init.constant_(self.logits.bias, -math.log((1 - PRIOR) / PRIOR))
        nn.init.normal_(self.distances.weight, std=0.01)
        nn.init.constant_(self.distances.bias, 1.0)

    def forward(self, x):
        x = self.reduce(x)
        return self.logits(self.what(x)), self.distances(self.where(x))


class Detector(nn.Module):
    def __init__(self, backbone: Path, classes: int = len(LABELS), frozen_until: str | None = FROZEN_UNTIL):
        super().__init__()
        self.backbone = Backbone(backbone, frozen_until=frozen_until)
        self.heads = nn.ModuleList(Head(c, classes) for c in FEATURES.values())
        self.train_backbone = True

    def forward(self, x):
        """`x` `[B, 3, H, W]`, RGB 0..255. Returns logits `[B, A, C]` and boxes `[B, A, 4]` (x1, y1, x2, y2 in pixels), A cells row by row,
        stride 8 first."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.train_backbone):
            features = self.backbone(x)
        logits, boxes = [], []
        for head, stride, feature in zip(self.heads, STRIDES, features):
            scores, distances = head(feature)
            h, w = scores.shape[-2:]
            logits.append(scores.flatten(2).transpose(1, 2).float())
            reach = distances.flatten(2).transpose(1, 2).float().clamp(max=4.5).exp() * stride
            centres = cells(h, w, stride).to(reach)
            boxes.append(torch.cat([centres - reach[..., :2], centres + reach[..., 2:]], -1))
        return torch.cat(logits, 1), torch.cat(boxes, 1)


def cells(h: int, w: int, stride: int):
    """Centres of the cells of a map, `[h * w, 2]` in pixels."""
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    return (torch.stack([x, y], -1).reshape(-1, 2).float() + 0.5) * stride


def all_cells(height: int, width: int):
    """Centres `[A, 2]` and strides `[A]` of all cells, in the order of the detector's rows."""
    parts = [cells(height // s, width // s, s) for s in STRIDES]
    strides = torch.cat([torch.full((len(p),), float(s)) for p, s in zip(parts, STRIDES)])
    return torch.cat(parts), strides
