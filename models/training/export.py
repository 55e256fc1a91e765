#!/usr/bin/python3
"""Makes model.onnx of a checkpoint: the averaged weights, stored as float16, bytes in, boxes in pixels out."""

import argparse
import hashlib
import json
from pathlib import Path

import onnx

import checkpoint
from detector import Detector
from graph import to_onnx
from schedule import FINAL_SIDE
from selftest import difference
from train import BACKBONE


def main():
    p = argparse.ArgumentParser(description="Writes model.onnx of OUT/last.pt and prints its sha256.")
    p.add_argument("checkpoint", type=Path)
    p.add_argument("model", type=Path, help="for example ../fire-smoke-waste/model.onnx")
    p.add_argument("--side", type=int, default=FINAL_SIDE, help="size of the input: the one that training ended with")
    p.add_argument("--no-check", action="store_true", help="do not compare with the hub's runtime (needs node)")
    args = p.parse_args()
    state = checkpoint.load(args.checkpoint)
    if state is None:
        raise SystemExit(f"{args.checkpoint} does not exist")
    detector = Detector(BACKBONE)
    detector.load_state_dict(state["average"])
    detector.eval()
    model = to_onnx(detector, args.side)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    args.model.write_bytes(data)
    report = {"side": args.side, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "steps": state["step"], **state["provenance"]}
    if not args.no_check:
        report["pixels_off"], report["score_off"] = difference(detector, args.model, args.side)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
