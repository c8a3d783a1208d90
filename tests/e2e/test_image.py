"""The image as it is built: what it holds, and in which order."""

import subprocess

from action import DOCKER


def in_image(image: str, *command: str) -> str:
    """What a program in the image prints, without network and without rights."""
    flags = ["--rm", "--network", "none", "--user", "65534:65534", "--entrypoint", command[0]]
    answer = subprocess.run([DOCKER, "run", *flags, image, *command[1:]], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_image__torch_is_stored_once_and_without_cuda(image: str) -> None:
    code = "import os, torch; print(os.stat(torch._C.__file__).st_ino, torch.version.cuda)"
    interpreters = ("/opt/venv/bin/python", "/opt/venv-optimum/bin/python")
    first, second = (in_image(image, interpreter, "-c", code) for interpreter in interpreters)
    assert first == second
    assert first.split()[1] == "None"


def test_image__our_code_is_the_last_layer(image: str) -> None:
    history = subprocess.run(
        [DOCKER, "history", "--no-trunc", "--format", "{{.Size}}\t{{.CreatedBy}}", image],
        capture_output=True,
        text=True,
    )
    filled = [line for line in history.stdout.splitlines() if not line.startswith("0B\t")]
    assert "/app/src" in filled[0]


def test_image__a_user_without_rights_can_run_every_interpreter(image: str) -> None:
    code = "import onnx_export_action, torch, transformers; print(transformers.__version__.split('.')[0])"
    assert in_image(image, "/opt/venv/bin/python", "-c", code) == "5\n"
    assert in_image(image, "/opt/venv-optimum/bin/python", "-c", code) == "4\n"
