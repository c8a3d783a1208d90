"""The pull request's comment: one a workflow, shared by its jobs, each of which owns a part."""
