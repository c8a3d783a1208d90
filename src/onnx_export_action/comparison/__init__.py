"""The candidate against its base: figures, graph, answers, gates, history."""
