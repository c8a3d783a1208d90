"""The one layout of an exported model: `model.onnx`, and `model.onnx_data` when the weights are large."""

from __future__ import annotations

from pathlib import Path

EXTERNAL_ABOVE_BYTES = 1 << 30


def settle(file: Path) -> None:
    """Bring what a route wrote into the one layout: one file below the limit, graph and one data file above."""
    others = [path for path in file.parent.iterdir() if path != file and path.is_file()]
    data = file.with_name(f"{file.name}_data")
    total = file.stat().st_size + sum(path.stat().st_size for path in others)
    if others == ([data] if total > EXTERNAL_ABOVE_BYTES else []):
        return
    import onnx_ir  # with sympy behind it a second's work, and most routes write the layout themselves

    model = onnx_ir.load(file)
    if total <= EXTERNAL_ABOVE_BYTES:
        model = onnx_ir.external_data.load_to_model(model)
    settled = file.parent / "settled"
    settled.mkdir()
    onnx_ir.save(model, settled / file.name, external_data=data.name if total > EXTERNAL_ABOVE_BYTES else None)
    for path in [file, *others]:
        path.unlink()
    for path in settled.iterdir():
        path.rename(file.with_name(path.name))
    settled.rmdir()
