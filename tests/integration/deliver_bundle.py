"""One delivery in a process of its own, for a job's step: `python -m tests.integration.deliver_bundle FOLDER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.integration.artifact_case import deliver

if __name__ == "__main__":
    done = deliver(Path(sys.argv[1]), os.environ)
    print(done.log)
    sys.exit(len(done.publication.problems))
