"""How many right files the proof refuses: over two hundred, of all architectures, weights, dtypes and levels.

    make right                        every pair of the corpus
    python benchmarks/right_files.py -k qwen

Each model is drawn anew for every seed, answered and exported by TorchScript in this process, and held to its own
answers as it is run: without optimisation, with all of it, and as ONNX Runtime saves it. A file that is refused is
printed with the reason.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks" / "coverage"), str(ROOT / "tests" / "integration")]

import corpus  # noqa: E402
import tiny  # noqa: E402

from onnx_export_action.exporters.service import Service as Exporter  # noqa: E402
from onnx_export_action.validation import session  # noqa: E402
from onnx_export_action.validation.service import Service as Validator  # noqa: E402

HALF = ("bert", "roberta", "gpt2", "llama", "vit")
OPSET = 18


def exports(pair: corpus.Pair, folder: Path, seeds: int) -> Iterator[tuple[str, str, Path, list[dict[str, Any]]]]:
    """Label, dtype, file and cases of each seed in fp32, and of one in fp16 for a few architectures."""
    pair.build(folder / "model")
    kinds = [(seed, "fp32") for seed in range(seeds)] + [(0, "fp16")] * (pair.model_type in HALF)
    for seed, dtype in kinds:
        place = folder / f"{seed}-{dtype}"
        (place / "onnx").mkdir(parents=True)
        exporter = Exporter()
        asked = {"task": pair.task, "dtype": dtype, "trust_remote_code": False}
        exporter.load("transformers", path=str(folder / "model"), threads=1, **asked)
        torch.manual_seed(seed)
        if seed:
            tiny.draw(exporter._subject.module.model)
        answered = exporter.answer(str(place), [1, 2, 5], [7, 33])
        file = place / "onnx" / "model.onnx"
        exporter.export("torchscript", OPSET, str(file))
        yield f"{pair.name} seed {seed} {dtype}", dtype, file, answered["cases"]


def levels(file: Path) -> Iterator[tuple[str, session.Session]]:
    """The file as it is run: unoptimised, optimised, and saved optimised."""
    saved = file.with_name("saved.onnx")
    session.write_optimised(file, saved, 1)
    yield "unoptimised", session.Session(file, 1, optimised=False)
    yield "optimised", session.Session(file, 1)
    yield "saved optimised", session.Session(saved, 1)


def judged(runs: session.Session, cases: list[dict[str, Any]], dtype: str) -> tuple[str, float, float]:
    """Why the file is refused, empty where it is not; the greatest share of its limit, and the least dB to spare."""
    validator, share, spare, reason = Validator(), 0.0, float("inf"), ""
    validator._session = runs
    validator.survey(cases, dtype, None, None)
    for case in cases:
        found = validator.compare(case)
        if "Got invalid dimensions" in found["error"]:
            continue  # a size that the file fixes, on an axis that nobody asked for
        reason = reason or found["error"]
        for parity in found["outputs"]:
            if parity["passed"] is not True:
                reason = reason or f"{case['shape']}: {parity['output']}, {parity['detail']}"
            if parity["max_abs_diff"] and parity["atol"]:
                share = max(share, parity["max_abs_diff"] / parity["atol"])
            if parity["signal_to_noise_db"] and parity["least_db"]:
                spare = min(spare, parity["signal_to_noise_db"] - parity["least_db"])
    return reason, share, spare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", metavar="WORD", default="", help="only models with this in their name")
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(1)
    files, refused, shares, spares = 0, 0, [0.0], [float("inf")]
    for pair in corpus.PAIRS:
        if given.k not in pair.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                for label, dtype, file, cases in exports(pair, Path(folder), given.seeds):
                    for level, runs in levels(file):
                        reason, share, spare = judged(runs, cases, dtype)
                        files, refused = files + 1, refused + bool(reason)
                        shares.append(share)
                        spares.append(spare)
                        print(
                            f"{'refused' if reason else 'accepted'} {label}, {level}: {share:.2f} of the limit, "
                            f"{spare:.1f} dB to spare {reason}",
                            flush=True,
                        )
            except Exception as error:  # the route or the runtime cannot: no file to judge
                print(f"no file: {pair.name}: {str(error).splitlines()[0][:150]}", flush=True)
    print(
        f"{files - refused} of {files} right files accepted; the nearest took {max(shares):.2f} of its limit, "
        f"and had {min(spares):.1f} dB to spare"
    )


if __name__ == "__main__":
    main()
