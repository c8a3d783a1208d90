"""What the image runs: the program, with the runner's environment and this command line."""

from onnx_export_action import cancel

cancel.at_once()  # before the program's second of imports

from onnx_export_action.main import main  # noqa: E402

raise SystemExit(main())
