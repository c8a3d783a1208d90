"""What changed in the graph, matched by structure and not by names."""
