"""Detectors as ONNX files."""
