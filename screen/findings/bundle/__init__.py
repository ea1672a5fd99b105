"""The bundle: all that a study found as one file, for others to check.

`packing` writes it, `archive` reads one that anybody may have made, `verifying` names every
difference, `reproducing` runs the study again. docs/bundle.md says what is in it.
"""
