"""Inputs made for real models: names as their tokenizers give them, sizes as asked for, padding where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from onnx_export_action.exporters import cases, loading
from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.inputs import Inputs
from onnx_export_action.exporters.module import NamedModule, without_cache
from onnx_export_action.exporters.products import by_onednn
from onnx_export_action.workers.protocol import Refusal
from tests.integration.tiny import VOCABULARY

Loaded = Callable[[str, str], tuple[Any, Inputs]]


@pytest.fixture(scope="module")
def loaded(models: Callable[[str], Path]) -> Loaded:
    """A tiny model and its inputs, loaded once."""
    done: dict[tuple[str, str], tuple[Any, Inputs]] = {}

    def load(name: str, task: str) -> tuple[Any, Inputs]:
        if (name, task) not in done:
            folder = models(name)
            model = loading.load(str(folder), task, "fp32", False)
            tokenizer, _ = loading.tokenizer(str(folder), False)
            done[name, task] = model, Inputs(model, task, folder, tokenizer)
        return done[name, task]

    return load


MODELS = [
    ("bert", "feature-extraction", "text", ("input_ids", "attention_mask", "token_type_ids")),
    ("distilbert", "text-classification", "text", ("input_ids", "attention_mask")),
    ("llama", "text-generation", "text", ("input_ids", "attention_mask")),
    ("t5", "text2text-generation", "text", ("input_ids", "attention_mask", "decoder_input_ids")),
    ("vit", "image-classification", "image", ("pixel_values",)),
    ("whisper", "automatic-speech-recognition", "sound", ("input_features", "decoder_input_ids")),
]


@pytest.mark.parametrize(("name", "task", "modality", "names"), MODELS, ids=[row[0] for row in MODELS])
def test_names__are_those_of_tokenizer_and_processor(
    loaded: Loaded, name: str, task: str, modality: str, names: tuple[str, ...]
) -> None:
    _, inputs = loaded(name, task)
    assert inputs.names == names
    assert inputs.modality == modality
    assert set(inputs.axes) == set(names)
    assert all(axes[0] == "batch_size" for axes in inputs.axes.values())


@pytest.mark.parametrize(("name", "task"), [row[:2] for row in MODELS], ids=[row[0] for row in MODELS])
def test_make__gives_what_the_model_takes(loaded: Loaded, name: str, task: str) -> None:
    model, inputs = loaded(name, task)
    module = NamedModule(model, inputs.names)
    for case in (Case(1, 7), Case(2, 9, "right")):
        made = inputs.make(case, 1)
        assert tuple(made) == inputs.names
        assert {len(value) for value in made.values()} == {case.batch}
        answered = module.answer(made)
        module.output_names = tuple(answered)
        assert all(torch.isfinite(value).all() for value in answered.values())
        without_cache(model)
        with by_onednn():
            again = module(*made.values())
        assert all(torch.equal(one, other) for one, other in zip(again, answered.values(), strict=True))


@pytest.mark.parametrize(("name", "task"), [row[:2] for row in MODELS], ids=[row[0] for row in MODELS])
def test_make__the_seed_decides_the_values(loaded: Loaded, name: str, task: str) -> None:
    _, inputs = loaded(name, task)
    first, again, other = (inputs.make(Case(2, 9), seed) for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("padding", ["none", "right", "left"])
def test_make__padding_and_its_tokens_agree(loaded: Loaded, padding: Any) -> None:
    _, inputs = loaded("bert", "feature-extraction")
    made = inputs.make(Case(3, 12, padding), 1)
    ids, mask = made["input_ids"], made["attention_mask"]
    assert ids.shape == mask.shape == (3, 12)
    assert (ids[mask == 0] == 0).all()
    assert (ids[mask == 1] != 0).all()
    assert int(ids.max()) < VOCABULARY
    assert mask.sum(1).tolist() == ([12, 12, 12] if padding == "none" else sorted(mask.sum(1).tolist(), reverse=True))
    assert (mask.sum(1) >= 1).all()
    assert bool((mask == 0).any()) == (padding != "none")
    assert bool((mask[:, 0] == 0).any()) == (padding == "left")
    assert bool((mask[:, -1] == 0).any()) == (padding == "right")
    assert set(made["token_type_ids"].unique().tolist()) == {0, 1}


def test_make__each_text_ends_where_its_end_token_is(loaded: Loaded) -> None:
    _, inputs = loaded("llama", "text-generation")
    made = inputs.make(Case(4, 12, "right"), 1)
    for ids, mask in zip(made["input_ids"], made["attention_mask"], strict=True):
        assert (ids == 3).sum() == 1
        assert ids[int(mask.sum()) - 1] == 3


@pytest.mark.parametrize(
    ("name", "task", "start"), [("t5", "text2text-generation", 0), ("whisper", "automatic-speech-recognition", 2)]
)
def test_make__an_answer_begins_as_generate_does_and_takes_every_token(
    loaded: Loaded, name: str, task: str, start: int
) -> None:
    _, inputs = loaded(name, task)
    assert (inputs.make(Case(2, 9), 1)["decoder_input_ids"][:, 0] == start).all()
    reach = inputs.reach(10**6)
    plan = cases.for_text if inputs.modality == "text" else cases.for_sound
    case = next(case for case in plan((1, 2), (7, 9), reach) if case.vocabulary)
    made = inputs.make(case, 1)["decoder_input_ids"]
    assert set(range(VOCABULARY)) - set(made.flatten().tolist()) <= {0, 3}
    if inputs.longest is not None:
        assert made.shape[1] == inputs.longest


def test_make__the_longest_answer_reaches_the_last_position(tmp_path: Path) -> None:
    config = transformers.BartConfig(max_position_embeddings=96)
    with torch.device("meta"):
        model = transformers.BartForConditionalGeneration(config)
    inputs = Inputs(model, "text2text-generation", tmp_path, None)
    assert inputs.make(Case(1, 96), 1)["decoder_input_ids"].shape == (1, 96)


def test_make__a_larger_image(loaded: Loaded) -> None:
    _, inputs = loaded("vit", "image-classification")
    assert inputs.make(Case(2, 1), 1)["pixel_values"].shape == (2, 3, 32, 32)
    assert inputs.make(Case(1, 1, scale=1.5), 1)["pixel_values"].shape == (1, 3, 48, 48)


def inputs_of(config: Any, folder: Path) -> Inputs:
    """The inputs of a whole model, of which no weight exists."""
    with torch.device("meta"):
        return Inputs(transformers.AutoModel.from_config(config), "feature-extraction", folder, None)


@pytest.mark.parametrize(
    ("config", "most"),
    [
        (transformers.BertConfig(max_position_embeddings=160), 160),
        (transformers.RobertaConfig(max_position_embeddings=160, pad_token_id=1), 158),
        (transformers.GPT2Config(n_positions=96), 96),
    ],
)
def test_longest__never_more_than_the_position_table_holds(tmp_path: Path, config: Any, most: int) -> None:
    assert inputs_of(config, tmp_path).longest in (most - 1, most)


def test_longest__of_relative_positions_is_not_limited(tmp_path: Path) -> None:
    assert inputs_of(transformers.T5Config(), tmp_path).longest is None


def test_make__an_input_that_nobody_can_guess_is_refused(tmp_path: Path) -> None:
    class Model(transformers.BertModel):
        def forward(self, input_ids: torch.Tensor, weather: torch.Tensor) -> None:
            """Never run."""

    with torch.device("meta"):
        inputs = Inputs(Model(transformers.BertConfig()), "feature-extraction", tmp_path, None)
    with pytest.raises(Refusal) as caught:
        inputs.make(Case(1, 7), 1)
    assert "`weather`" in caught.value.cause


def test_tokenizer__without_one_is_no_warning(tmp_path: Path) -> None:
    assert loading.tokenizer(str(tmp_path), False) == (None, None)


def test_tokenizer__of_an_unknown_class_is_read_from_its_file(copied: Callable[[str], Path]) -> None:
    folder = copied("bert")
    path = folder / "tokenizer_config.json"
    path.write_text(path.read_text().replace('"tokenizer_class": "', '"tokenizer_class": "Future'))
    tokenizer, warning = loading.tokenizer(str(folder), False)
    assert warning is None
    assert tokenizer.model_input_names == ["input_ids", "token_type_ids", "attention_mask"]
    assert len(tokenizer) == VOCABULARY
