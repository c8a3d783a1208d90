"""Wrong files, each made from a right one by one change that a test can name."""
