"""What the candidate is compared with: found, checked, and taken instead of a new export where nothing changed."""
