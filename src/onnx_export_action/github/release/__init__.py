"""The verified bundle as assets of a release."""
