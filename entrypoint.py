"""What the image runs: the program, with the runner's environment and this command line."""

from onnx_export_action.main import main

raise SystemExit(main())
