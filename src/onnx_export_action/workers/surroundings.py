"""The environment variables of a worker: nothing secret, nothing that reaches a network."""

from __future__ import annotations

from collections.abc import Mapping

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "TMPDIR")
_ALWAYS = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "ORT_DISABLE_TELEMETRY": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # How long a thread of PyTorch's spins for the others: by default 30 times longer, and where another process has its
    # core, as it has on a runner, a small model then answers 10 to 80 times slower. Where none has, nothing changes.
    "GOMP_SPINCOUNT": "10000",
    "PYTHONUNBUFFERED": "1",
    "PYTHONWARNINGS": "ignore",
    "USER": "worker",
}


def of(environment: Mapping[str, str], home: str) -> dict[str, str]:
    """What a worker gets of the program's own, and its home."""
    passed_on = {name: environment[name] for name in PASSED_ON if name in environment}
    return {**passed_on, **_ALWAYS, "HOME": home, "HF_HOME": home}
