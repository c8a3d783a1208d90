"""What is exported, by its content: read by a thread, while others load the model or look for its baseline."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from threading import Thread

from onnx_export_action import sources
from onnx_export_action.baseline import fingerprint
from onnx_export_action.hashing import record_of
from onnx_export_action.records import File, Model
from onnx_export_action.settings import Settings


class Identity:
    """The hashes of a model's weights, and the fingerprint of all that determines the result."""

    def __init__(self, model: Model, settings: Settings) -> None:
        self._found: Future[tuple[tuple[File, ...], str]] = Future()
        Thread(target=self._find, args=(model, settings), daemon=True).start()

    @property
    def is_known(self) -> bool:
        """Whether nobody who asks has to wait, or hears of an error."""
        return self._found.done() and self._found.exception() is None

    def wait(self) -> None:
        """Until it is known; raises RunError where a file cannot be read."""
        self._found.result()

    @property
    def fingerprint(self) -> str:
        """As `baseline.fingerprint` makes it; waits and raises like `wait`."""
        return self._found.result()[1]

    def given_to(self, model: Model) -> Model:
        """The model with the hashes of its weights; waits and raises like `wait`."""
        return model.model_copy(update={"weights": self._found.result()[0]})

    def _find(self, model: Model, settings: Settings) -> None:
        try:
            with sources.readable():
                weights = tuple(_hashed(file, Path(model.path)) for file in model.weights)
                whole = model.model_copy(update={"weights": weights})
                self._found.set_result((weights, fingerprint.of(whole, settings)))
        except BaseException as error:  # whoever asks raises it
            self._found.set_exception(error)


def _hashed(file: File, folder: Path) -> File:
    return file if file.sha256 else record_of(folder / file.path, file.path)
