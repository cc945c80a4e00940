"""Audit of a detector: does it read the disease, or the hospital, the marker, the age? One file a test."""
