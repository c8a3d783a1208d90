"""What an artifact holds: its report alone, or all of it unpacked and checked."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from onnx_export_action.baseline import folder as bundle
from onnx_export_action.baseline.found import Unusable
from onnx_export_action.github.artifact import extract
from onnx_export_action.github.artifact.extract import Bounds
from onnx_export_action.records import Report


def report_of(archive: zipfile.ZipFile) -> Report:
    """The report, without the rest; raises Unusable."""
    entry = archive.NameToInfo.get(bundle.REPORT)
    if entry is None or entry.file_size > bundle.GREATEST_TEXT:
        raise Unusable(f"It holds no {bundle.REPORT} of a sensible length.")
    try:
        return bundle.report_in((extract.read(archive, bundle.REPORT, Bounds()) or b"").decode())
    except UnicodeDecodeError:
        raise Unusable(f"Its {bundle.REPORT} is no text.") from None


def unpack(archive: zipfile.ZipFile, folder: Path) -> Report:
    """All files, in a folder that does not exist yet; its report, once every file is what it says."""
    # Half of what is free: an export may have to lie beside it.
    most = shutil.disk_usage(folder.parent).free // 2
    try:
        extract.extract(archive, folder, Bounds(file_bytes=most, all_bytes=most))
    except OSError as error:
        raise Unusable(f"It cannot be unpacked: {error.strerror}.") from None
    return bundle.check(folder)
