"""Hot loops, compiled by numba when first called.

Modules that use this are imported where they are called: numba takes longer to start than most
commands take to run.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

Given = ParamSpec("Given")
Result = TypeVar("Result")


def compiled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Compile a function, kept from process to process where there is a folder to keep it in."""
    try:
        return numba.njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # neither the package's folder nor one of the user's can be written
        return numba.njit(error_model="numpy")(function)
