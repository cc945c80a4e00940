"""Films: read, made uniform, varied."""
