"""Makes the action of a release run a prebuilt image: writes the image's digest into action.yml.

Usage: python3 scripts/pin_image.py REGISTRY/NAME@sha256:DIGEST
"""

import re
import sys
from pathlib import Path

ACTION = Path("action.yml")
BUILT = "  image: Dockerfile\n"
IMAGE = re.compile(r"[a-z0-9][a-z0-9.-]*(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+@sha256:[0-9a-f]{64}")


def pinned(text: str, image: str) -> str:
    """action.yml with the image in the Dockerfile's place, and all else as it is."""
    if not IMAGE.fullmatch(image):
        raise SystemExit(f"{image!r} is not an image with its digest: REGISTRY/NAME@sha256:DIGEST, in lower case.")
    if text.count(BUILT) != 1:
        raise SystemExit("action.yml does not build from the Dockerfile: it is pinned already.")
    return text.replace(BUILT, f"  image: docker://{image}\n")


if __name__ == "__main__":
    ACTION.write_text(pinned(ACTION.read_text(encoding="utf-8"), sys.argv[1]), encoding="utf-8")
