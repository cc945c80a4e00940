"""The audit's own test: detectors that learned a planted shortcut and detectors that did not, on phantoms."""
