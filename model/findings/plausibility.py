"""What findings have in the place of a template where an input of a status rule cannot be true."""

from typing import Final

PLAUSIBILITY: Final = "plausibility"
VERSION: Final = "1.0.0"
