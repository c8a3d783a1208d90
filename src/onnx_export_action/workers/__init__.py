"""Child processes: where frameworks and untrusted files are loaded, with limits and without rights."""
