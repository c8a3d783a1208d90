"""What touches GitHub: the runner's commands and files."""
