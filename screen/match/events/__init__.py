"""What happens in a text, to whom, in which order, and how it is said: a spaCy pipeline."""
