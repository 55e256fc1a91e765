"""Which cell answers for which box: dynamic assignment by cost (SimOTA), for a whole batch at once."""

import torch
import torch.nn.functional as F

FAR = 1e8


def pairwise_iou(a, b):
    """`[B, M, 4]` and `[B, A, 4]` to `[B, M, A]`."""
    low = torch.maximum(a[:, :, None, :2], b[:, None, :, :2])
    high = torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    area = lambda x: (x[..., 2:] - x[..., :2]).clamp(min=0).prod(-1)
    return both / (area(a)[:, :, None] + area(b)[:, None, :] - both + 1e-6)


@torch.no_grad()
def assign(logits, boxes, centres, strides, truth, labels, valid, most=13):
    """Cells for each true box, by the cost of class error, box error and distance from the box's centre.

    logits `[B, A, C]`, boxes `[B, A, 4]`; truth `[B, M, 4]`, labels `[B, M]`, valid `[B, M]` (padding is False).
    Returns index of the true box `[B, A]` (-1 = none) and the overlap with it `[B, A]`.
    """
    batch, cells, _ = logits.shape
    many = truth.shape[1]
    if many == 0:
        return torch.full((batch, cells), -1), torch.zeros(batch, cells)
    iou = pairwise_iou(truth, boxes)
    x, y = centres[:, 0], centres[:, 1]
    inside = (
        (x > truth[..., 0:1]) & (y > truth[..., 1:2]) & (x < truth[..., 2:3]) & (y < truth[..., 3:4]) & valid[..., None]
    )
    logit = logits.transpose(1, 2).gather(1, labels[..., None].expand(-1, -1, cells))
    wrong = F.binary_cross_entropy_with_logits(logit, iou, reduction="none") * (logit.sigmoid() - iou).square()
    middle = (truth[..., :2] + truth[..., 2:]) / 2
    away = (centres[None, None] - middle[:, :, None]).norm(dim=-1) / strides
    cost = wrong - 3 * torch.log(iou + 1e-7) + torch.pow(10.0, (away - 3).clamp(max=6))
    cost = torch.where(inside, cost, torch.full_like(cost, FAR))
    # how many cells a box gets: about as many as overlap it well already
    wanted = (iou * inside).topk(min(most, cells), -1)[0].sum(-1).round().int().clamp(min=1)
    best, where = cost.topk(min(most, cells), -1, largest=False)
    rank = torch.arange(best.shape[-1])
    chosen = (rank < wanted[..., None]) & (best < FAR)
    taken = torch.zeros(batch, many, cells, dtype=torch.bool).scatter_(2, where, chosen)
    # a cell that several boxes want goes to the one it costs least
    cost = torch.where(taken, cost, torch.full_like(cost, FAR))
    least, index = cost.min(1)
    index = torch.where(least < FAR, index, torch.full_like(index, -1))
    overlap = iou.gather(1, index.clamp(min=0)[:, None])[:, 0] * (index >= 0)
    return index, overlap
