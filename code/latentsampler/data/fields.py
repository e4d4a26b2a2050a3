"""What a store declares of its arrays, and why something is no item of one.

Contents
--------
Field            name, shape, dtype and unit of one array
RejectedError    why something is no item
"""

import re
from dataclasses import dataclass

import numpy as np


class RejectedError(Exception):
    """Something that cannot become an item; the message is the reason, as it appears in ``rejected.csv``."""


@dataclass(frozen=True)
class Field:
    """One array of a store: its name, the shape of one item, and what its numbers are.

    Attributes
    ----------
    name : str
        Letters, digits and ``_``; the name of its file.
    shape : tuple
        Of one item; None first (once or more) where items differ.
    dtype : str
        A numpy type of numbers.
    unit : str
        For people: "Hz", "beats", "full scale = 32768".
    derived : bool
        It follows from the rest, so that the checksum leaves it out.
    """

    name: str
    shape: tuple = ()
    dtype: str = "float32"
    unit: str = ""
    derived: bool = False

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(self.shape))
        fixed = self.shape[self.free:]
        if not re.fullmatch(r"\w+", self.name) or None in fixed or np.dtype(self.dtype).kind not in "biufc":
            raise ValueError("expected a field with a name of letters, a shape that is None at its beginning only, and "
                             f"numbers; got {self}")

    @property
    def free(self):
        """Number of leading dimensions that differ between items."""
        return next((k for k, size in enumerate(self.shape) if size is not None), len(self.shape))

    def checked(self, value, index):
        """Return an item's value as an array of this field.

        Parameters
        ----------
        value : array_like
            One item.
        index : int
            Its number, for the message.

        Returns
        -------
        numpy.ndarray
            Of the field's shape and dtype.

        Raises
        ------
        ValueError
            If the shape is another, or the numbers do not fit the dtype.
        """
        array = np.asarray(value)
        fits = array.ndim == len(self.shape) and all(want in (None, got)
                                                     for want, got in zip(self.shape, array.shape, strict=True))
        cast = array.astype(self.dtype) if array.dtype.kind in "biufc" and (
            array.size == 0 or np.can_cast(array.dtype, self.dtype, "same_kind")) else None
        if not fits or cast is None or (cast.dtype.kind in "biu" and not np.array_equal(cast, array)):
            raise ValueError(f"item {index}: expected {self.name} of shape {self.shape} and type {self.dtype}, got "
                             f"{array.shape} and {array.dtype}")
        return cast
