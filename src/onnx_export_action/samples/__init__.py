"""The user's own inputs on disk: JSON lines of text, a folder of images or of sounds; standard library only."""
