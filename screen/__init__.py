"""Screen Chinese transplant papers for passages inconsistent with a declaration of brain death.

The software flags text for people to judge; it never asserts what happened.
"""

__version__ = "0.1.0"
