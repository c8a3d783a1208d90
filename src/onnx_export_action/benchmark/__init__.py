"""What the file costs to run: latency, throughput, load time, memory, and PyTorch beside it."""
