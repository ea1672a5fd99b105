"""The same paper twice: found among all papers of a study, so that one is read for all."""
