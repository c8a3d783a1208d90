"""The runner's artifact service, version 4: a zip, streamed in blocks, under a name of the run."""
