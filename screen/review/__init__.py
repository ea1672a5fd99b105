"""People judge: what they say is taken in, and the queue learns from it."""
