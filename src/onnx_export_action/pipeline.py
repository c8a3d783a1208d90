"""From the source to the bundle: the model is read here, and `stages` has the rest."""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import ExitStack

from onnx_export_action import environment, output, sources
from onnx_export_action.baseline import find
from onnx_export_action.edges import Edges
from onnx_export_action.errors import UsageError
from onnx_export_action.exporters import prepared
from onnx_export_action.identity import Identity
from onnx_export_action.log import Log, Remembering
from onnx_export_action.progress import Progress
from onnx_export_action.records import Model
from onnx_export_action.report import html
from onnx_export_action.settings import Settings
from onnx_export_action.sources import capacity, onnx_file
from onnx_export_action.stage import Stage
from onnx_export_action.workers import access, first_need
from onnx_export_action.workers.client import Host
from onnx_export_action.workers.pool import Pool

_SWITCH_SECONDS = 0.0002  # a thread that hashes waits so long after each piece for one that imports


def run(settings: Settings, edges: Edges, progress: Progress) -> None:
    """All stages; raises RunError where one cannot go on, with `progress` filled up to there."""
    folder, log = settings.output_path, Remembering(edges.log, progress.warnings)
    file = onnx_file.named(settings)
    output.prepare(folder)
    with log.group("Read the model"):
        _begin(settings, edges, log)
        model = progress.model = sources.resolve(settings, hub_endpoint=edges.hub_endpoint, cache=edges.cache, log=log)
        progress.identity = Identity(model, settings)
        if file is not None and model.kind == "onnx":
            raise UsageError(
                "onnx-file: the model is an .onnx too.", "Give as `model` the folder or the Hub id that the file is of."
            )
    if model.framework == "tensorflow":
        first_need.tensorflow(edges.environment, log)
    elif settings.also_check is not None:
        first_need.tensorflow(edges.environment, log, needed_by="`also-check`")
    read = (*sources.read_by_workers(model, settings), *([file] if file else []))
    pool = _pool_for(model, settings, edges.pool)
    user = access.user_for(edges.worker_user, *read, folder)
    host = Host(settings.timeout, int(0.95 * capacity.available_memory()), user, edges.environment)
    threads = settings.threads or environment.usable_cores()
    with output.work_folder(folder, user) as unfinished, ExitStack() as stack:
        if pool is not edges.pool:
            stack.enter_context(pool)
        stage = Stage(settings, host, threads, unfinished.workers, log, progress, pool)
        # Half a second of imports, NumPy's among them, that neither the first line nor a wrong input waits for.
        from onnx_export_action import stages

        stages.run(stage, model, file, edges, unfinished.ours, stack)


def _begin(settings: Settings, edges: Edges, log: Log) -> None:
    """What takes time and not this thread's: the exporter's imports, and our own of all that follows.

    Where a baseline's report will say whether there is anything to export, the exporter waits for it.
    """
    modules = ["onnx_export_action.stages"]
    if find.is_searched(settings, edges.context):
        modules.append("onnx_export_action.baseline.search")
    else:
        host = Host(settings.timeout, capacity.available_memory(), edges.worker_user, edges.environment)
        prepared.prepare(settings, host, edges.pool, log)
    sys.setswitchinterval(_SWITCH_SECONDS)
    threading.Thread(target=_import_ahead, args=([*modules, "onnx_export_action.publish"],), daemon=True).start()


def _import_ahead(modules: list[str]) -> None:
    for name in modules:
        importlib.import_module(name)
    html.compile_page()


def _pool_for(model: Model, settings: Settings, shared: Pool) -> Pool:
    """The job's for a checkpoint alone: whatever else a worker loads may be somebody's code, and it is never kept."""
    if capacity.export_memory_bytes(model) > capacity.available_memory():
        shared.end_idle()  # a large model has a use for the memory, and its imports are the least of it
    if not prepared.is_foreign(settings) and model.kind == "transformers":
        return shared
    shared.end_prepared()
    return Pool()
