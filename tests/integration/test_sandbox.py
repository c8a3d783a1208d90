"""The sandbox of a worker that never was root: it leaves the network through a user namespace of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from onnx_export_action.workers import sandbox

SOURCE = Path(sandbox.__file__).parents[2]
NOBODY = 65534
CODE = """
import json, os, resource, socket, sys
from onnx_export_action.workers import sandbox

isolated = sandbox.enter(None)
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=2).close()
    network = "reached"
except OSError as error:
    network = error.strerror
open(sys.argv[2], "w").close()
core = resource.getrlimit(resource.RLIMIT_CORE)
print(json.dumps([isolated, network, os.getuid(), os.stat(sys.argv[2]).st_uid, core]))
"""


def python_of(user: int | None) -> str:
    for interpreter in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            command = [interpreter, "-c", "import onnx_export_action.workers.sandbox"]
            subprocess.run(command, user=user, env={"PYTHONPATH": str(SOURCE)}, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return interpreter
    pytest.skip("no interpreter here can be run by another user")


def test_enter__without_root_leaves_the_network_and_keeps_its_user() -> None:
    user = NOBODY if os.geteuid() == 0 else None
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory() as folder:
        port, own = str(server.getsockname()[1]), user or os.getuid()
        os.chmod(folder, 0o777)
        command = [python_of(user), "-c", CODE, port, f"{folder}/own"]
        environment = {"PYTHONPATH": str(SOURCE)}
        run = subprocess.run(command, user=user, env=environment, capture_output=True, text=True, check=True)
        isolated, network, uid, owner, core = json.loads(run.stdout)
    assert (uid, owner, core) == (own, own, [0, 0])
    if not isolated:
        pytest.skip("this host lets no user have a namespace of its own")
    assert network == "Network is unreachable"
