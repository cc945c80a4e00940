"""Runs: everything above put together."""
