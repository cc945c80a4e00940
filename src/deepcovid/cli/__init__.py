"""The command line: one function a command; it parses, calls, prints."""

from deepcovid.cli.application import app, main

__all__ = ["app", "main"]
