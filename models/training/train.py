#!/usr/bin/python3
"""Trains the detector of fire, smoke, garbage, bins and overflowing bins. See README.md."""

import argparse
import hashlib
import json
import os
import random
import time
from pathlib import Path

# idle threads of the mathematics must not spin: the machine may have other work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import cv2
import numpy as np
import onnx
import torch
import torchvision

import checkpoint
from average import Average
from backbone import FROZEN_UNTIL
from batches import Batches
from detector import Detector
from fireboxes import read_drawn, redraw
from loss import detection_loss
from photos import load_photos
from schedule import FINAL_SIDE, phase, rate, second_phase
from validate import quick_figures

HERE = Path(__file__).resolve().parent
BACKBONE = HERE.parent / "general-coco" / "model.onnx"


def main():
    args = arguments()
    if args.self_test:
        import selftest

        selftest.run_all(BACKBONE)
        return
    if args.data is None or args.out is None:
        raise SystemExit("--data and --out are needed, see --help")
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    Run(args).go()


def arguments():
    p = argparse.ArgumentParser(description="Trains the detector fire-smoke-waste and writes OUT/last.pt; export.py makes the model of it.")
    p.add_argument("--data", type=Path, help="folder with images/, labels/ and sources.tsv (train and val)")
    p.add_argument("--out", type=Path, help="checkpoints, log and the cache of decoded pictures go here")
    p.add_argument("--minutes", type=float, default=70, help="time to train, without validation; the schedule stretches over it (default 70)")
    p.add_argument("--steps", type=int, help="stop after so many steps instead, whatever time they take: repeats a run")
    p.add_argument("--resume", action="store_true", help="go on from OUT/last.pt")
    p.add_argument("--init", type=Path, help="a second run: weights of this checkpoint's average, the schedule of `second_phase`")
    p.add_argument("--all-layers", action="store_true", help="train the first layers of the backbone, too (dearer)")
    p.add_argument("--leave-out", default="", help="source of the training split that is not used, for a second opinion")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--rate", type=float, default=8e-4, help="learning rate of the heads (default 8e-4)")
    p.add_argument("--backbone-rate", type=float, default=1.6e-4)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--cache-side", type=int, default=416, help="size of the decoded pictures in the cache")
    p.add_argument("--full-precision", action="store_true", help="float32 everywhere instead of bfloat16 where it is harmless")
    p.add_argument("--look-every", type=float, default=10, help="minutes between looks at the validation split")
    p.add_argument("--self-test", action="store_true", help="the graph walk equals the ONNX file, the loss falls on 8 pictures")
    return p.parse_args()


class Run:
    def __init__(self, args):
        self.args = args
        self.model = Detector(BACKBONE, frozen_until=None if args.all_layers else FROZEN_UNTIL).to(memory_format=torch.channels_last)
        if args.init:
            self.model.load_state_dict(checkpoint.load(args.init)["average"])
        self.optimiser = torch.optim.AdamW(self.groups(), betas=(0.9, 0.999))
        self.average = Average(self.model)
        self.step, self.seconds, self.looked = 0, 0.0, 0.0
        state = checkpoint.load(args.out / "last.pt") if args.resume else None
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.average.model.load_state_dict(state["average"])
            self.average.steps = state["step"]
            if [len(g["params"]) for g in state["optimiser"]["param_groups"]] == [len(g["params"]) for g in self.optimiser.param_groups]:
                self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.seconds, self.looked = state["step"], state["seconds"], state["looked"]
            self.log(resumed=self.step)

    def groups(self):
        """Heads and backbone with their own rates; biases and norms are not decayed."""
        groups = []
        for module, rate_ in ((self.model.heads, self.args.rate), (self.model.backbone, self.args.backbone_rate)):
            weights = [p for p in module.parameters() if p.requires_grad]
            for decay, part in ((0.02, [p for p in weights if p.dim() > 1]), (0.0, [p for p in weights if p.dim() <= 1])):
                groups.append({"params": part, "base": rate_, "lr": rate_, "weight_decay": decay})
        return groups

    def progress(self):
        if self.args.steps:
            return self.step / self.args.steps
        return self.seconds / (60 * self.args.minutes)

    def phase(self, step):
        return second_phase(self.progress(), step) if self.args.init else phase(self.progress())

    def go(self):
        args = self.args
        cache = args.out / "cache"
        train = load_photos(args.data, "train", cache, args.cache_side).without(args.leave_out)
        drawn = read_drawn()
        train.boxes = [redraw(n, p, b, drawn) for n, p, b in zip(train.names, train.pixels, train.boxes)]
        val = load_photos(args.data, "val", cache, args.cache_side)
        batches = Batches(train, args.seed, args.batch)
        if self.step == 0:
            self.log(start=provenance(args), pictures=len(train))
        saved = shown = time.monotonic()
        sums = {}
        while self.progress() < 1:
            begin = time.monotonic()
            now, after = (self.phase(s) for s in (self.step, self.step + 1))
            batch = batches.get(self.step, now.side, now.mix, then=(self.step + 1, after.side, after.mix))
            parts = self.one(batch, now.backbone)
            self.step += 1
            self.seconds += time.monotonic() - begin
            for name, value in parts.items():
                sums[name] = sums.get(name, 0) * 0.98 + value * 0.02 if name in sums else value
            if time.monotonic() - shown > 30:
                shown = time.monotonic()
                eta = self.seconds * (1 / max(self.progress(), 1e-6) - 1) / 60
                means = {k: round(v, 3) for k, v in sums.items()}
                speed = round(args.batch / (time.monotonic() - begin), 1)
                self.log(step=self.step, phase=now.name, progress=round(self.progress(), 3), eta_min=round(eta, 1), per_s=speed, **means)
            if time.monotonic() - saved > 90:
                saved = time.monotonic()
                self.save()
            if self.seconds - self.looked > 60 * args.look_every:
                self.look(val)
        self.save()
        self.look(val)

    def one(self, batch, backbone: bool):
        self.model.train()
        self.model.train_backbone = backbone
        factor = rate(self.progress(), self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * factor
        images = batch["images"].float().contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not self.args.full_precision):
            logits, boxes = self.model(images)
        total, parts = detection_loss(logits, boxes, batch)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.grad is not None], 10.0)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.average.update(self.model)
        return {**parts, "norm": float(norm)}

    def look(self, val):
        self.looked = self.seconds
        figures = quick_figures(self.average.model, val, FINAL_SIDE)
        self.log(step=self.step, validation={k: round(v, 3) for k, v in figures.items() if v is not None})

    def save(self):
        state = {"model": self.model.state_dict(), "average": self.average.model.state_dict(), "optimiser": self.optimiser.state_dict()}
        state |= {"step": self.step, "seconds": self.seconds, "looked": self.looked, "provenance": provenance(self.args)}
        checkpoint.save(self.args.out / "last.pt", state)

    def log(self, **entry):
        line = json.dumps({"at": time.strftime("%H:%M:%S"), **entry})
        print(line, flush=True)
        with open(self.args.out / "log.jsonl", "a") as f:
            f.write(line + "\n")


def provenance(args):
    """What is needed to say later how a file came to be."""
    code = hashlib.sha256(b"".join(f.read_bytes() for f in sorted(HERE.glob("*.py")))).hexdigest()[:16]
    versions = {m.__name__: m.__version__ for m in (torch, torchvision, onnx, cv2, np)}
    settings = {k: v for k, v in vars(args).items() if isinstance(v, (int, float, str, bool))}
    init = {"init": hashlib.sha256(args.init.read_bytes()).hexdigest()} if args.init else {}
    return {"settings": settings, "versions": versions, "code": code, **init}


if __name__ == "__main__":
    main()
