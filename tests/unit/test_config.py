"""A file of models becomes one Settings a model, or one sentence that names the file, the entry and the input."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as st

from onnx_export_action import cli, settings
from onnx_export_action.errors import UsageError
from onnx_export_action.settings import Settings, all_of
from onnx_export_action.settings.config import MOST_BYTES
from tests.unit import documents

TWO = "models:\n  - model: a\n  - {name: second, model: b}\n"


def chosen(folder: Path, content: str, flags: dict[str, str] | None = None, **inputs: str) -> tuple[Settings, ...]:
    (folder / "models.yml").write_text(content, encoding="utf-8")
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return all_of(flags or {}, {"config": "models.yml", **given}, folder)


def refusal(folder: Path, content: str, **inputs: str) -> str:
    with pytest.raises(UsageError) as caught:
        chosen(folder, content, **inputs)
    assert caught.value.message.isprintable()
    assert caught.value.message.endswith(".")
    assert len(caught.value.message) < 900
    assert "docs/config.md" in caught.value.remedy or caught.value.remedy
    return caught.value.message


def test_all_of__a_file_with_models(tmp_path: Path) -> None:
    first, second = chosen(tmp_path, f"task: fill-mask\ntimeout: 5\n{TWO[:-2]}, task: ner, batch-sizes: [1, 3]}}\n")
    assert (first.name, first.model, first.task, first.timeout) == ("a", "a", "fill-mask", 5)
    assert (second.name, second.model, second.task, second.timeout) == ("second", "b", "token-classification", 5)
    assert second.batch_sizes == (1, 3)
    assert [each.output_dir for each in (first, second)] == ["onnx-export/a", "onnx-export/second"]
    assert [each.artifact_name for each in (first, second)] == [None, "second-onnx"]


def test_all_of__a_file_without_models_holds_the_inputs_of_one(tmp_path: Path) -> None:
    (only,) = chosen(tmp_path, "model: a/b\nfail-on: |\n  size > +5%\n  nodes > 7\nopset: 17\ntask:\n")
    asked = {"model": "a/b", "fail-on": "size > +5%\nnodes > 7", "opset": "17"}
    assert only == settings.parse(asked, tmp_path)


def test_all_of__without_a_file_is_parse(tmp_path: Path) -> None:
    assert all_of({"model": "b"}, {"model": "a", "task": "ner"}, tmp_path) == (
        settings.parse({"model": "b", "task": "ner"}, tmp_path),
    )


@pytest.mark.parametrize(
    ("flag", "given", "entry", "shared", "expected"),
    [
        ("1", "2", "3", "4", 1),
        (None, "2", "3", "4", 2),
        (None, None, "3", "4", 3),
        (None, None, None, "4", 4),
        (None, None, None, None, 3600),
        (None, "3600", "3", "4", 3),  # what a runner passes where nobody asked for anything
        ("3600", "2", "3", "4", 3600),
    ],
)
def test_all_of__which_value_counts(
    tmp_path: Path, flag: str | None, given: str | None, entry: str | None, shared: str | None, expected: int
) -> None:
    content = f"timeout: {shared or ''}\nmodels:\n  - model: a\n    timeout: {entry or ''}\n"
    flags, inputs = {"timeout": flag} if flag else {}, {"timeout": given} if given else {}
    assert chosen(tmp_path, content, flags, **inputs)[0].timeout == expected


def test_all_of__every_default_of_the_runner_changes_nothing(tmp_path: Path) -> None:
    defaults = {name: settings.default_of(name) for name in settings.input_names() if settings.default_of(name)}
    content = f"dtype: fp16\nreuse: false\nthreads: 3\n{TWO}"
    assert chosen(tmp_path, content, **defaults) == chosen(tmp_path, content)


def test_all_of__model_picks_one_by_its_name(tmp_path: Path) -> None:
    assert [each.model for each in chosen(tmp_path, TWO, model="second")] == ["b"]
    assert [each.model for each in chosen(tmp_path, "model: a\ntask: ner\n", model="c")] == ["c"]
    # Another entry's mistake is that of its own job.
    assert chosen(tmp_path, TWO[:-2] + ", opset: 99}\n", model="a")[0].model == "a"
    assert "has no model named 'b'; it has a, second" in refusal(tmp_path, TWO, model="b")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "config: 'models.yml' is empty"),
        ("[a, b]", "config: 'models.yml' holds a list, where keys with values belong"),
        ("just words", "holds a text"),
        ("model: a\nmodel: b\n", "the key 'model' is there twice, or is no text in line 2"),
        ("[a]: b", "is there twice, or is no text in line 1"),
        ("model: [\n", "is no YAML that is taken: "),
        ("model: a\n\ttask: b", "is no YAML that is taken: found character '\\t'"),
        ("a: &x [1]\nb: *x\n", "aliases are not; what models share belongs to the top level in line 2"),
        ("---\nmodel: a\n---\nmodel: b\n", "is no YAML that is taken: "),
        ("[" * 5000, "is no YAML that is taken"),
        ("x: " + "a" * MOST_BYTES, "is larger than 256 KiB"),
        ("models: []", "`models` is an empty list, where a list of models belongs"),
        ("models: bert", "`models` is a text"),
        ("models:", "`models` is nothing"),
        ("models: {a: b}", "`models` is keys with values"),
        ("models: [bert]", "entry 1 is a text, where keys with values belong"),
        ("models: [{model: {a: b}}]", "`model` of entry 1 holds keys with values, where a text or a list"),
        ("batch-sizes: [[1]]\nmodel: a", "`batch-sizes` of the top level holds a list"),
        ("models: [" + "{model: a}," * 257 + "]", "lists 257 models, and may list 256"),
        ("models: [{task: ner}]", "models.yml, entry 1 (model): model: this input is required"),
        ("task: ner", "models.yml: model: this input is required"),
        ("models: [{model: a}, {model: a}]", "entry 2 (a): name: models.yml, entry 1 (a) has this name already"),
        ("models: [{name: A, model: a}, {name: a, model: b}]", "has this name already"),
        ("models: [{name: a b, model: a}]", "entry 1 (a b): name: it names a folder and an artifact, as 'a-b' could"),
        ("models: [{name: ../up, model: a}]", "as 'up' could"),
        ("models: [{name: a--b, model: a}]", "as 'a-b' could"),
        ("models: [{model: a, tsk: ner}]", "models.yml, entry 1: unknown key 'tsk', did you mean 'task'?"),
        ("modles: [{model: a}]", "holds a list, where a text or a list of texts belongs; did you mean 'models'?"),
        ("name: a\nmodel: b", "models.yml: unknown key 'name'"),
        ("hf-token: hf_x\nmodel: b", "hf-token: a secret belongs into no file"),
        ("models: [{model: a, github-token: x}]", "github-token: a secret belongs into no file"),
        ("config: other.yml\nmodel: b", "config: a config file names no other"),
        ("mode: report\nmodel: b", "mode: a file has run or compare; give another as an input"),
        ("opset: 99\nmodels: [{model: a}, {model: b}]", "models.yml: opset: too new"),
        ("models: [{model: a, opset: 99}]", "models.yml, entry 1 (a): opset: too new"),
        ("models: [{model: a, trust-remote-code: yes}]", "trust-remote-code: expected `true` or `false`"),
        ("models: [{model: a, task: [ner]}]", "entry 1 (a): task: input should be a valid string"),
        ("artifact-name: x\nmodels: [{model: a}, {model: b}]", "artifact-name: 'x' is that of a too"),
        ("models: [{model: a}, {model: onnx-export/a}]", "output-dir: onnx-export-a lies in the folder of a"),
        ("models: [{model: a}, {model: b, output-dir: onnx-export/a}]", "output-dir: b lies in the folder of a"),
    ],
)
def test_all_of__mistakes(tmp_path: Path, content: str, sentence: str) -> None:
    assert sentence in refusal(tmp_path, content)


def test_all_of__an_inputs_mistake_is_not_the_files(tmp_path: Path) -> None:
    assert refusal(tmp_path, TWO, opset="99").startswith("opset: too new")
    assert "unknown input 'optset', did you mean 'opset'?" in refusal(tmp_path, TWO, optset="9")


def test_all_of__mistakes_of_all_entries_at_once(tmp_path: Path) -> None:
    message = refusal(tmp_path, "models:\n" + "".join(f"  - {{model: m{n}, opset: {n}}}\n" for n in range(24, 36)))
    assert message.count("opset: too new") == 8
    assert message.endswith("; and 4 more.")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("none.yml", "is not there"),
        ("../x.yml", "lies outside"),
        (".", "is a folder"),
        ("bytes.yml", "no text in UTF-8"),
    ],
)
def test_all_of__no_such_file(tmp_path: Path, path: str, sentence: str) -> None:
    (tmp_path / "bytes.yml").write_bytes(b"model: \xff")
    with pytest.raises(UsageError, match=sentence):
        all_of({}, {"config": path}, tmp_path)


def test_all_of__a_link_that_leads_outside(tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "models.yml").write_text(TWO)
    (tmp_path / "workspace" / "models.yml").symlink_to(tmp_path / "models.yml")
    with pytest.raises(UsageError, match="lies outside the workspace"):
        all_of({}, {"config": "models.yml"}, tmp_path / "workspace")


@search(deadline=None, max_examples=100)
@given(content=st.text(max_size=200))
def test_all_of__any_text_gives_settings_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "models.yml").write_bytes(content.encode("utf-8", "replace"))
    with contextlib.suppress(UsageError):
        assert all_of({}, {"config": "models.yml"}, folder)


def test_plan__the_matrix_picks_every_model_by_its_name(tmp_path: Path) -> None:
    inputs = cli.inputs_from_flags(["plan"])
    matrix = json.loads(settings.matrix_of(chosen(tmp_path, TWO, inputs)))
    assert matrix == {
        "include": [{"name": "a", "model": "a", "task": "auto"}, {"name": "second", "model": "b", "task": "auto"}]
    }
    assert [chosen(tmp_path, TWO, model=job["name"])[0].model for job in matrix["include"]] == ["a", "b"]


def test_plan__needs_a_list(tmp_path: Path) -> None:
    assert "has no `models`" in refusal(tmp_path, "model: a", mode="plan")
    with pytest.raises(UsageError, match="mode: `plan` needs a `config`"):
        all_of({}, {"mode": "plan"}, tmp_path)


def test_request_of__tells_two_entries_on_one_model_apart(tmp_path: Path) -> None:
    both = chosen(tmp_path, "model: a\nmodels: [{task: ner}, {name: small, variants: fp16}]")
    plain, named = (settings.request_of(each, "export").inputs for each in both)
    assert (plain, named) == ({"task": "token-classification"}, {"name": "small"})


def test_docs__the_file_on_the_page_is_taken(tmp_path: Path) -> None:
    (block,) = documents.blocks("docs/config.md", "yml")
    assert [each.name for each in chosen(tmp_path, block.text)] == ["models-sentiment", "encoder-for-1.16"]
