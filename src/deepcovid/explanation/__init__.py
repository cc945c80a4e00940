"""What a detector looked at."""
