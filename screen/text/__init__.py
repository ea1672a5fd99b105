"""Clean text and its structure: normalisation with a way back to the page, sections, sentences."""
