"""The documents say what the code does: links, workflows, commands, tables and figures."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import pytest
import yaml

from onnx_export_action import __version__, cli, errors, settings
from onnx_export_action.benchmark import measure, paired, verdict
from onnx_export_action.exporters import cases, files, ladder, routes
from onnx_export_action.gates.events import EVENTS
from onnx_export_action.gates.figures import FIGURES, LISTED
from onnx_export_action.github.artifact import blob, calls
from onnx_export_action.validation import parity, skim, target
from onnx_export_action.variants import kinds, recommendation
from tests.unit import documents
from tests.unit.documents import Block

YAML = documents.yaml_blocks()
PIPELINES = ("examples/gitlab/.gitlab-ci.yml", "examples/jenkins/Jenkinsfile")
DEFAULTS = settings.Settings(model="a", workspace=Path("/w"))
TEXT_CASES = cases.for_text(DEFAULTS.batch_sizes, DEFAULTS.sequence_lengths, cases.Reach(512, vocabulary=30_522))
_SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDS = (*_SMALL, "ten", "eleven", "twelve", "thirteen")


def listed(name: str) -> str:
    return settings.default_of(name)


@pytest.mark.parametrize("page", documents.PAGES)
def test_links__lead_to_files_of_the_repository(page: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", documents.read(page))
    local = [target for target in targets if not re.match(r"https?://", target)]
    folder = (documents.ROOT / page).parent
    assert [target for target in local if not (folder / target).exists()] == []


@pytest.mark.parametrize("block", YAML, ids=str)
def test_workflows__pin_every_action_to_a_commit(block: Block) -> None:
    used = [step["uses"] for step in documents.steps(block) if "uses" in step and not documents.is_ours(step)]
    assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name)] == []


@pytest.mark.parametrize("block", YAML, ids=str)
def test_workflows__name_our_action_in_one_way(block: Block) -> None:
    ours = re.findall(r"\S+/onnx-export-action@\S+", block.text)
    assert set(ours) <= {documents.OUR_ACTION}


@pytest.mark.parametrize("block", YAML, ids=str)
def test_workflows__use_inputs_that_exist_with_values_that_are_taken(block: Block, tmp_path: Path) -> None:
    for step in filter(documents.is_ours, documents.steps(block)):
        assert set(step["with"]) <= set(settings.input_names())
        literal = {name: str(value) for name, value in step["with"].items() if "${{" not in str(value)}
        settings.parse({"model": "models/sentiment", **literal}, tmp_path)


@pytest.mark.parametrize("block", YAML, ids=str)
def test_workflows__read_outputs_that_exist(block: Block) -> None:
    identifiers = [step["id"] for step in filter(documents.is_ours, documents.steps(block)) if "id" in step]
    read = [name for step in identifiers for name in re.findall(rf"steps\.{step}\.outputs\.([\w-]+)", block.text)]
    assert set(read) <= set(documents.ACTION["outputs"])


@pytest.mark.parametrize("page", documents.PAGES)
def test_workflows__whole_ones_are_examples_which_lint_reads(page: str) -> None:
    whole = [block.text for block in documents.blocks(page, "yaml") if "jobs" in yaml.safe_load(block.text)]
    assert set(whole) <= {documents.read(example) for example in documents.EXAMPLES}


@pytest.mark.parametrize("example", documents.EXAMPLES)
def test_examples__give_a_job_no_right_that_it_does_not_name(example: str) -> None:
    workflow = yaml.safe_load(documents.read(example))
    assert workflow["permissions"] == {} or workflow["permissions"] == {"contents": "read"}
    checkouts = [
        step
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_examples__are_all_listed() -> None:
    shown = {f"examples/{path}" for path in re.findall(r"\]\(([^)]+)\)", documents.read("examples/README.md"))}
    assert shown == {*documents.EXAMPLES, *PIPELINES}


@pytest.mark.parametrize("page", [*documents.PAGES, *PIPELINES])
def test_commands__use_flags_that_exist_with_values_that_are_taken(page: str, tmp_path: Path) -> None:
    for command in documents.commands(page):
        arguments = shlex.split(command.split(";")[0].replace("...", "value"), comments=True)
        if arguments != ["--help"]:
            settings.parse(cli.inputs_from_flags(arguments), tmp_path)


def test_commands__are_found() -> None:
    counts = {page: len(documents.commands(page)) for page in ("README.md", "docs/elsewhere.md", *PIPELINES)}
    assert all(counts.values()), counts


@pytest.mark.parametrize("page", ["README.md", "docs/exporters.md"])
def test_routes__order_and_opsets_are_those_of_the_ladder(page: str) -> None:
    header = next(line for line in documents.read(page).splitlines() if "| opsets |" in line)
    columns = header.strip("| ").split(" | ")
    rows = [dict(zip(columns, row, strict=True)) for row in documents.table(page, *columns)]
    routes_in_order = (*ladder._FASTEST_FIRST, "tensorflow")
    expected = [(name, "{} to {}".format(*ladder._OPSETS[name])) for name in routes_in_order]
    assert [(row["exporter"], row["opsets"]) for row in rows] == expected
    assert set(routes_in_order) == {*routes.ROUTES, "tensorflow"} == set(ladder._OPSETS)


def test_limits__are_the_defaults_of_each_dtype() -> None:
    rows = documents.table("docs/validation.md", "dtype", "default atol and rtol")
    assert {name: float(limit) for name, limit in rows} == parity._DEFAULTS


def test_checks__are_those_of_the_code() -> None:
    rows = documents.table("docs/validation.md", "check", "passes when")
    source = "".join(path.read_text() for path in Path(parity.__file__).parents[1].rglob("*.py"))
    assert {name for name, _ in rows} == set(re.findall(r'Check\(\s*name="([^"]+)"', source))


def test_runtimes__are_those_of_the_table() -> None:
    releases = target._RELEASES
    expected = []
    for limits, group in itertools.groupby(sorted(releases), key=lambda release: releases[release]):
        names = [f"{major}.{minor}" for major, minor in group]
        expected.append((" to ".join(dict.fromkeys((names[0], names[-1]))), *map(str, limits)))
    assert documents.table("docs/validation.md", "ONNX Runtime", "newest opset", "newest IR version") == expected


def test_gates__are_those_of_the_code() -> None:
    figures = documents.table("docs/gates.md", "figure", "is", "limit, for instance", "against the base")
    expected = [
        (name, FIGURES[name].means, FIGURES[name].dimension.example, "+5%" if FIGURES[name].relative else "")
        for name in LISTED
    ]
    assert figures == expected
    changes = documents.table("docs/gates.md", "condition", "holds when, against the base")
    assert changes == [(name, event.means) for name, event in EVENTS.items()]


def test_variants__are_those_of_the_code() -> None:
    rows = documents.table("docs/variants.md", "variant", "file", "is", "must keep to")
    assert [(name, file, limits) for name, file, _, limits in rows] == [
        (name, kind.file, kinds.limits_text(name)) for name, kind in kinds.KINDS.items()
    ]


def test_exit_statuses__are_those_of_the_errors() -> None:
    rows = documents.table("README.md", "exit status", "means")
    classes = (errors.UsageError, errors.ExportError, errors.SurroundingsError)
    assert [int(status) for status, _ in rows] == [0, 1, *(error.exit_status for error in classes)]


@pytest.mark.parametrize(
    ("page", "fact"),
    [
        ("README.md", f"at {WORDS[len(TEXT_CASES)]} shapes for text"),
        ("docs/artifact.md", f"blocks of {blob.BLOCK_BYTES >> 20} MiB"),
        ("docs/artifact.md", f"gets {WORDS[blob._AT_ONCE]} blocks at once"),
        ("docs/artifact.md", f"are {WORDS[int(calls.Limits.all_pauses) // 60]} minutes at most together"),
        ("docs/benchmark.md", f"`benchmark-seconds` ({listed('benchmark-seconds')};"),
        ("docs/benchmark.md", f"a warm-up of {measure._WARMUP_SECONDS:g} s"),
        ("docs/benchmark.md", f"one block of {measure._BLOCK_SECONDS:g} s"),
        ("docs/benchmark.md", f"the time is up, {WORDS[measure._LEAST_ROUNDS]} at least"),
        ("docs/benchmark.md", f"at most {measure._MOST_SAMPLES:,} a series"),
        ("docs/benchmark.md", f"A block is about {1000 * paired._BLOCK_SECONDS:g} ms"),
        ("docs/benchmark.md", f"after {WORDS[paired._LEAST_ROUNDS]} rounds at the least"),
        ("docs/benchmark.md", f"within {100 * paired._NARROW:g} % of its ratio"),
        ("docs/benchmark.md", f"is looked at after {paired._LEAST_ROUNDS_TO_STOP} rounds"),
        ("docs/benchmark.md", f"more than {100 * verdict.LEAST_CHANGE:g} % from no change"),
        ("docs/benchmark.md", f"within {100 * verdict.UNDECIDED_BEYOND:g} % of no change"),
        ("docs/tensorflow.md", f"{8192:,} of them at most"),
        ("docs/exporters.md", f"it is {ladder.DEFAULT_OPSET}, or the newest"),
        ("docs/exporters.md", f"({ladder._BASE_MEMORY_BYTES / 1e9:g} GB, and the weights times"),
        (
            "docs/exporters.md",
            "{}, {}, {} and {})".format(*(f"{ladder._MEMORY_FACTOR[name]:g}" for name in ladder._FASTEST_FIRST)),
        ),
        ("docs/exporters.md", f"Weights of more than {files.EXTERNAL_ABOVE_BYTES / 2**30:g} GiB"),
        ("docs/validation.md", f"weights over {skim.LARGE_BYTES / 2**10:g} KiB"),
        ("docs/validation.md", f"but {cases._LONGEST:,} tokens at most"),
        ("docs/validation.md", f"{parity._GREATEST:g} times the greatest difference"),
        ("docs/validation.md", f"{parity._TYPICAL:g} times its root mean square"),
        ("docs/validation.md", f"`batch-sizes` ({listed('batch-sizes')})"),
        ("docs/validation.md", f"`sequence-lengths` ({listed('sequence-lengths')})"),
        ("docs/validation.md", f"give {WORDS[len(TEXT_CASES)]} cases"),
        ("docs/variants.md", recommendation.RULE),
        ("CHANGELOG.md", f"## [Unreleased] {__version__}"),
    ],
)
def test_facts__are_those_of_the_code(page: str, fact: str) -> None:
    assert fact in " ".join(documents.read(page).split())
