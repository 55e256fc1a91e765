"""`train.py --self-test`: the walk through the graph gives what the ONNX file gives, the export too, and the loss falls."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch

from augment import Sample
from backbone import FEATURES, Backbone
from batches import collate
from detector import Detector
from flames import add_light, make_flame
from graph import to_onnx
from loss import detection_loss
from runtime import run, test_picture
from smoke import lay_over, make_smoke


def run_all(path: Path):
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        same_features(path, Path(folder))
        same_export(path, Path(folder))
    loss_falls(path)


def same_features(path, folder):
    """Every feature map differs by less than a thousandth of its largest value."""
    model = onnx.load(str(path))
    for name in FEATURES:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    file = folder / "features.onnx"
    onnx.save(model, str(file))
    image = test_picture(512)
    theirs = run(file, image)
    backbone = Backbone(path).eval()
    with torch.no_grad():
        ours = backbone(torch.from_numpy(image).permute(2, 0, 1)[None].float())
    for (name, channels), feature in zip(FEATURES.items(), ours):
        gap = np.abs(theirs[name] - feature.numpy()).max() / np.abs(theirs[name]).max()
        check(feature.shape[1] == channels and gap < 1e-3, f"{name}: relative difference {gap:.1e}")


def same_export(path, folder):
    """The exported file, float16 weights included, answers like torch."""
    detector = Detector(path).eval()
    file = folder / "export.onnx"
    file.write_bytes(to_onnx(detector, 320).SerializeToString())
    pixels, score = difference(detector, file, 320)
    check(pixels < 1 and score < 0.01, f"export: boxes differ by {pixels:.3f} pixels, scores by {score:.5f}")


@torch.no_grad()
def difference(detector, file: Path, side: int):
    """Largest difference between torch and the runtime: pixels of a box edge, and score."""
    image = test_picture(side)
    logits, boxes = detector(torch.from_numpy(image).permute(2, 0, 1)[None].float())
    theirs = run(file, image)["boxes"][0]
    edges = np.concatenate([theirs[:, :2] - theirs[:, 2:4] / 2, theirs[:, :2] + theirs[:, 2:4] / 2], 1)
    return float(np.abs(edges - boxes[0].numpy()).max()), float(np.abs(theirs[:, 5:] - logits[0].sigmoid().numpy()).max())


def loss_falls(path, side=128, steps=25):
    """Eight drawn pictures with a flame or smoke are learned in a minute."""
    rng = np.random.default_rng(2)
    samples = []
    for i in range(8):
        scene = rng.uniform(40, 160, (1, 1, 3)).astype(np.float32) * np.ones((side, side, 1), np.float32)
        at, size = (int(rng.integers(0, 40)), int(rng.integers(0, 40))), (80, 80)
        sprite, box = make_flame(rng) if i % 2 else make_smoke(rng)
        if i % 2:
            add_light(rng, scene, sprite, at, size)
        else:
            lay_over(scene, sprite, at, size)
        row = np.array([[1 - i % 2, *(box * (size * 2) + at * 2)]], np.float32)
        samples.append(Sample(scene.clip(0, 255).astype(np.uint8), row))
    batch = collate(samples)
    detector = Detector(path).train()
    optimiser = torch.optim.AdamW([p for p in detector.parameters() if p.requires_grad], lr=1e-3)
    losses = []
    for _ in range(steps):
        loss, _ = detection_loss(*detector(batch["images"].float()), batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    first, last = np.mean(losses[:3]), np.mean(losses[-3:])
    check(last < 0.7 * first, f"loss on eight pictures: {first:.2f} to {last:.2f} in {steps} steps")


def check(right: bool, what: str):
    print(("ok    " if right else "WRONG ") + what, flush=True)
    if not right:
        raise SystemExit(1)
