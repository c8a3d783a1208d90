"""Models whose answers say nothing of their inputs: the verdict says so, and never passes in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration import program
from tests.integration.test_bad_models import rewrite_weights

Copied = Callable[[str], Path]
INPUTS = {"model": "model", "exporter": "torchscript", "benchmark-seconds": "0"}


def without_a_head(weights: dict[str, Any]) -> None:
    weights["classifier.weight"][:] = 0


def without_a_start(weights: dict[str, Any]) -> None:
    weights["qa_outputs.weight"][0] = 0


def test_model__that_ignores_its_inputs_is_not_passed(copied: Copied, tmp_path: Path) -> None:
    rewrite_weights(copied("distilbert"), without_a_head)
    outcome = program.run(tmp_path, INPUTS)
    assert outcome.status == 1, outcome.log
    assert all(case["passed"] for case in outcome.report["validation"]["cases"])
    assert "The check `sensitivity` did not pass." in outcome.summary
    assert "logits would pass with the answers to other inputs as well: nothing is proven of this" in outcome.summary
    assert "see that the checkpoint is trained" in outcome.summary


def test_model__that_ignores_its_inputs_passes_by_limits_of_the_user(copied: Copied, tmp_path: Path) -> None:
    rewrite_weights(copied("distilbert"), without_a_head)
    outcome = program.run(tmp_path, {**INPUTS, "atol": "1e-5"})
    assert outcome.status == 0, outcome.log
    assert "Pass with a caveat: the cases cannot tell right from wrong in `logits`" in outcome.summary


def test_model__of_which_one_answer_is_constant_passes_with_a_caveat(copied: Copied, tmp_path: Path) -> None:
    rewrite_weights(copied("bert_for_questions"), without_a_start)
    outcome = program.run(tmp_path, INPUTS)
    assert outcome.status == 0, outcome.log
    assert "Pass with a caveat: the cases cannot tell right from wrong in `start_logits`" in outcome.summary
    assert "`end_logits`" not in outcome.summary.partition("| case |")[0]
