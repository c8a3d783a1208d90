"""The proof: structure, the answers at every case, every dynamic axis; needs no framework, only files."""
