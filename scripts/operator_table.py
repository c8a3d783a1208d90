"""Writes validation/operators.json: the first release of ONNX Runtime that runs each operator.

Each release is fetched from the configured index into a folder of its own, and tells its schemas and kernels itself.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import onnx

TABLE = Path(__file__).parents[1] / "src" / "onnx_export_action" / "validation" / "operators.json"

# Releases that tell their kernels; before 1.16 none does.
_MINORS = range(16, 33)
_FIRST_FOR_NUMPY_2 = 19
_OPEN_END = 2**31 - 1
_DOMAINS = ("", "ai.onnx.ml", "com.microsoft")
_ASK = """
import json, onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state
kernels = [k for k in state.get_all_opkernel_def() if k.provider == "CPUExecutionProvider"]
print(json.dumps({
    "kernels": [[k.domain, k.op_name, *k.version_range] for k in kernels],
    "schemas": [[s.domain, s.name, s.since_version] for s in state.get_all_operator_schema()],
}))
"""

Operator = tuple[str, str, int]


def asked(minor: int) -> dict[str, Any]:
    """The schemas and CPU kernels of a release, in its own words."""
    with tempfile.TemporaryDirectory() as folder:
        numpy = ["numpy<2"] if minor < _FIRST_FOR_NUMPY_2 else ["numpy"]
        wheels = ["--quiet", "--no-deps", "--only-binary", ":all:", "--target", folder]
        base = str(Path(sys.base_prefix, "bin", "python3"))
        subprocess.run([base, "-m", "pip", "install", *wheels, f"onnxruntime==1.{minor}.*", *numpy], check=True)
        script = f"import sys; sys.path.insert(0, {folder!r})\n{_ASK}"
        told = subprocess.run([sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True)
        return dict(json.loads(told.stdout))


def runs(told: dict[str, Any]) -> set[Operator]:
    """The operators that a release can run: by a CPU kernel for this version, or by a function of ONNX's own."""
    kernels: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for domain, name, start, end in told["kernels"]:
        kernels.setdefault((domain, name), []).append((start, end))
    return {
        (domain, name, since)
        for domain, name, since in told["schemas"]
        if domain in _DOMAINS
        and (any(_serves(*kernel, since) for kernel in kernels.get((domain, name), ())) or _is_function(domain, name))
    }


def _serves(start: int, end: int, since: int) -> bool:
    """A kernel without an end serves the version that it was written for, and no later one."""
    return start == since or (start < since <= end and end != _OPEN_END)


def _is_function(domain: str, name: str) -> bool:
    if not onnx.defs.has(name, domain):
        return False
    schema: Any = onnx.defs.get_schema(name, domain)
    return bool(schema.has_function or schema.has_context_dependent_function)


def table(releases: dict[str, set[Operator]]) -> dict[str, dict[str, dict[str, str]]]:
    """Domain to operator to version to the first release; releases in their order."""
    first: dict[Operator, str] = {}
    for release, operators in releases.items():
        for operator in operators:
            first.setdefault(operator, release)
    found: dict[str, dict[str, dict[str, str]]] = {}
    for (domain, name, since), release in sorted(first.items()):
        found.setdefault(domain, {}).setdefault(name, {})[str(since)] = release
    return found


def main() -> None:
    """Ask every release, and write the table."""
    releases = {f"1.{minor}": runs(asked(minor)) for minor in _MINORS}
    TABLE.write_text(json.dumps(table(releases), separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
