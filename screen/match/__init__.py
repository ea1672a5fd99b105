"""Evidence: a pack's terms, phrases and rules applied to clean text, from cheap to dear."""
