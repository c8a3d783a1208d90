"""Real inputs: read by the model's own tokenizer or processor, answered by the model, held against the file."""
