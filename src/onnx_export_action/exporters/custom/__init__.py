"""Models that are a callable's module or a saved program: example inputs of any nesting, axes found by trying."""
