"""What a file of lines or a folder gives for a task, and the sentence for each that gives nothing."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action import tasks
from onnx_export_action.samples import lines, reading
from onnx_export_action.samples.reading import Sample, Samples
from onnx_export_action.samples.wrong import WrongSamples
from tests.unit import documents

TEXT, PAIR, QUESTION = "text-generation", "text-classification", "question-answering"


def read(folder: Path, content: str | bytes, task: str = TEXT) -> Samples:
    file = folder / "samples.jsonl"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return reading.read(file, task)


def filled(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_bytes(b"content")
    return folder


@pytest.mark.parametrize(
    ("task", "line", "texts"),
    [
        (TEXT, '"a"', ("a",)),
        (TEXT, ' {"text": "a", "label": 3, "text_pair": 4} ', ("a",)),
        ("text2text-generation-with-past", '{"text": "a"}', ("a",)),
        (PAIR, '{"text": "a", "text_pair": "b"}', ("a", "b")),
        (PAIR, '{"text_pair": null, "text": "a"}', ("a",)),
        (QUESTION, '{"context": "c", "question": "q"}', ("q", "c")),
        (TEXT, '"ÄÖ \\ud83d\\ude00"', ("ÄÖ 😀",)),
    ],
)
def test_read__a_line(tmp_path: Path, task: str, line: str, texts: tuple[str, ...]) -> None:
    (sample,) = read(tmp_path, line, task).taken
    assert sample.texts == texts
    assert (sample.place, sample.name) == ("line 1", " / ".join(texts))


@pytest.mark.parametrize(
    ("task", "line", "sentence"),
    [
        (TEXT, "{", "line 3: it is not JSON"),
        (TEXT, "text", "line 3: it is not JSON"),
        (TEXT, "[" * 100_000, "line 3: it is not JSON"),
        (TEXT, b'"\xff"', "line 3: it is not UTF-8"),
        (TEXT, "3", "line 3: it is a number, and text-generation takes a string or an object with `text`."),
        (TEXT, '["a"]', "line 3: it is a list, and"),
        (TEXT, "null", "line 3: it is null, and"),
        (TEXT, '{"sentence": "a"}', "line 3: it has no `text`, and text-generation takes"),
        (TEXT, '{"text": 3}', "line 3: `text` is a number, not a string"),
        (TEXT, '{"text": null}', "line 3: `text` is null, not a string"),
        (TEXT, '" "', "line 3: `text` is empty"),
        (TEXT, '"\\ud800"', "line 3: `text` holds half of a surrogate pair"),
        (TEXT, '"' + "a" * (1 << 20) + '"', "line 3: it has more than 1,048,576 bytes"),
        (PAIR, '{"text": "a", "text_pair": ["b"]}', "line 3: `text_pair` is a list, not a string"),
        (QUESTION, '"a"', "line 3: it is a string, and question-answering takes an object with `question`, `context`."),
        (QUESTION, '{"question": "q"}', "line 3: it has no `context`"),
    ],
)
def test_read__a_line_that_is_wrong(tmp_path: Path, task: str, line: str | bytes, sentence: str) -> None:
    good = json.dumps({"text": "a", "question": "q", "context": "c"}).encode()
    with pytest.raises(WrongSamples, match=re.escape(f"samples: samples.jsonl, {sentence}")) as caught:
        read(tmp_path, b"\n".join([good, b"", line.encode() if isinstance(line, str) else line]), task)
    assert caught.value.remedy


def test_read__blank_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    found = read(tmp_path, b'\xef\xbb\xbf"a"\r\n\r\n   \n"b"')
    assert [(sample.place, sample.texts) for sample in found.taken] == [("line 1", ("a",)), ("line 4", ("b",))]


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_read__a_file_without_a_line(tmp_path: Path, content: str) -> None:
    with pytest.raises(WrongSamples, match=re.escape("'samples.jsonl' has no line")):
        read(tmp_path, content)


def test_read__no_more_than_the_most_are_taken_and_read(tmp_path: Path) -> None:
    found = read(tmp_path, '"a"\n' * reading.MOST + "not read\n" * 3)
    assert (len(found.taken), found.given) == (reading.MOST, reading.MOST + 3)


@given(st.binary(max_size=80))
def test_read__any_bytes_are_samples_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    taken: tuple[Sample, ...] = ()
    with suppress(WrongSamples):
        taken = read(tmp_path_factory.getbasetemp(), content).taken
    assert all(text.strip() for sample in taken for text in sample.texts)


def test_read__a_folder_of_images_by_name_and_nothing_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "inner.png").mkdir()
    filled(tmp_path, "b.JPG", "a.png", "notes.txt", ".hidden.png", "c.webp")
    found = reading.read(tmp_path, "image-classification")
    assert [(sample.place, sample.name) for sample in found.taken] == [("", "a.png"), ("", "b.JPG"), ("", "c.webp")]
    assert (found.modality, found.given) == ("image", 3)


def test_read__features_of_whatever_the_folder_holds(tmp_path: Path) -> None:
    assert reading.read(filled(tmp_path, "a.flac"), "feature-extraction").modality == "sound"
    assert read(tmp_path, '"a"', "feature-extraction").modality == "text"
    with pytest.raises(WrongSamples, match="holds images and sounds"):
        reading.read(filled(tmp_path, "a.png"), "feature-extraction")


def test_read__a_name_that_is_no_text(tmp_path: Path) -> None:
    filled(tmp_path, os.fsdecode(b"\xff.png"))
    (sample,) = reading.read(tmp_path, "image-classification").taken
    assert sample.name.encode() == b"?.png"


@pytest.mark.parametrize(
    ("name", "task", "sentence"),
    [
        ("none", TEXT, "'none' is neither a file nor a folder"),
        ("folder", TEXT, "'folder' is a folder, and text-generation takes a file of JSON lines"),
        ("folder", "image-classification", "the folder 'folder' has no file that ends in .png, .jpg"),
        ("folder", "automatic-speech-recognition-with-past", "the folder 'folder' has no file that ends in .wav"),
        ("file", "image-classification", "'file' is a file, and image-classification takes a folder of images"),
        ("file", "audio-classification", "'file' is a file, and audio-classification takes a folder of sounds"),
        ("file", "multiple-choice", "the task multiple-choice takes none"),
    ],
)
def test_read__a_place_that_is_wrong(tmp_path: Path, name: str, task: str, sentence: str) -> None:
    (tmp_path / "folder").mkdir()
    filled(tmp_path, "file")
    with pytest.raises(WrongSamples, match=re.escape(sentence)):
        reading.read(tmp_path / name, task)


def test_tasks__are_known_ones() -> None:
    named = {task for known in reading._TASKS.values() for task in known}
    assert named <= set(tasks.known_tasks())


def test_page__names_every_task_of_text_and_every_ending() -> None:
    rows = documents.table("docs/samples.md", "task", "a line")
    assert {task for row in rows for task in row[0].split(", ")} == set(lines.FIELDS)
    page = documents.read("docs/samples.md")
    assert all(f"`{ending}`" in page for endings in reading._ENDINGS.values() for ending in endings)
    assert f"At most {reading.MOST:,} samples" in page
