"""Whether a detector, or its data, can be believed."""
