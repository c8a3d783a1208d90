"""Which opset and IR version a release of ONNX Runtime can load; pure. Its operators are in operators.json."""

from __future__ import annotations

import re
from collections.abc import Sequence

from onnx_export_action.records import Check

# Release of ONNX Runtime: newest opset, newest IR. From 1.15 on found by loading one-node files with each release;
# before that, what the ONNX release that it was built with defines (onnx.helper.VERSION_TABLE).
_RELEASES = {
    (1, 7): (13, 7),
    (1, 8): (14, 7),
    (1, 9): (15, 8),
    (1, 10): (15, 8),
    (1, 11): (16, 8),
    (1, 12): (17, 8),
    (1, 13): (17, 8),
    (1, 14): (18, 8),
    (1, 15): (19, 9),
    (1, 16): (19, 9),
    (1, 17): (20, 9),
    (1, 18): (21, 10),
    (1, 19): (21, 10),
    (1, 20): (21, 10),
    (1, 21): (22, 10),
    (1, 22): (22, 10),
    (1, 23): (23, 11),
    (1, 24): (25, 13),
    **dict.fromkeys(((1, minor) for minor in range(25, 32)), (26, 13)),
    (1, 32): (28, 14),
}


def newest_opset(target: str) -> int | None:
    """The newest opset that the target loads; None when it is newer than the table."""
    return _limits(target)[0]


def release(target: str) -> tuple[int, int]:
    """Major and minor of the release that a target names."""
    found = re.search(r"(\d+)\.(\d+)", target)
    assert found is not None, "settings let only readable targets pass"
    return int(found[1]), int(found[2])


def requirement(target: str) -> str:
    """What an installer is asked for: the version named, or the last of the release named."""
    found = re.search(r"\d+\.\d+(\.\d+)?", target)
    assert found is not None, "settings let only readable targets pass"
    return f"onnxruntime=={found[0]}{'' if found[1] else '.*'}"


def check_target(target: str | None, opset: int, ir_version: int, too_new: Sequence[str] = ()) -> Check:
    """Opset and IR are loadable by the target runtime, and it has what `too_new` would name: every operator."""
    if target is None:
        return Check(name="target runtime", passed=True, detail="the installed ONNX Runtime, which loaded the file")
    newest, newest_ir = _limits(target)
    if newest is not None and opset > newest:
        return Check(
            name="target runtime", passed=False, detail=f"{target} loads opsets up to {newest}, the file has {opset}"
        )
    if newest_ir is not None and ir_version > newest_ir:
        return Check(
            name="target runtime",
            passed=False,
            detail=f"{target} loads IR versions up to {newest_ir}, the file has {ir_version}",
        )
    if too_new:
        shown = ", ".join(too_new[:5]) + (f" and {len(too_new) - 5} more" if len(too_new) > 5 else "")
        return Check(name="target runtime", passed=False, detail=f"{target} does not run {shown}")
    return Check(name="target runtime", passed=True, detail=f"{target} loads opset {opset} and IR {ir_version}")


def _limits(target: str) -> tuple[int | None, int | None]:
    version = release(target)
    if version < min(_RELEASES):
        return 12, 7
    return _RELEASES.get(version, (None, None))
