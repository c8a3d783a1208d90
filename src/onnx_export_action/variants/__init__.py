"""More files from the same export: half precision, int8 weights, graphs optimised ahead of time."""
