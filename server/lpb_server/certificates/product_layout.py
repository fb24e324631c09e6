"""How Lean computes with the frames of a product of matrices: the hints in its certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT
from lpb_server.certificates.exponents import ExponentRange
from lpb_server.wire.values import Value

__all__ = ["ProductLayout"]

_WORD_BITS: Final = 64
_MOST_WORDS: Final = 128
_LARGEST_BLOCK: Final = 128
"""The kernel's work for an entry grows with a block's square, and each block has its own cost."""

_COMBINED_COLUMNS: Final = 4
"""An element of the left matrix takes a multiplication when rows are combined, and an entry of the
product one otherwise, with more around it."""

_LENGTH: Final = 8

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ProductLayout:
    """How Lean computes with the frames of a product; it need not be believed.

    Parameters
    ----------
    words : int
        How many words of 64 bits a lane has.
    block : int
        How many columns of the left matrix are multiplied at once; 0 when rows of the product are
        combined from those of the right matrix.
    left, right, product : ExponentRange
        Where the exponents of the frames lie.
    """

    words: int
    block: int
    left: ExponentRange
    right: ExponentRange
    product: ExponentRange

    @classmethod
    def of(
        cls, left: Matrix, right: Matrix, product: Matrix, *, ragged: bool, combine: bool = False
    ) -> ProductLayout:
        """Return a layout for finite matrices.

        Parameters
        ----------
        ragged : bool
            Whether the last block of a row may be shorter: where there is one row, it may.
        combine : bool
            Whether Lean may combine the rows of the right matrix: where it has these, it may.
        """
        columns = left.shape[1]
        block = min(columns, _LARGEST_BLOCK) if ragged else _whole_block(columns)
        if combine and columns <= _COMBINED_COLUMNS * right.shape[1]:
            block = 0
        ranges = [ExponentRange.of(matrix) for matrix in (left, right, product)]
        layouts = (cls(words, block, *ranges) for words in range(1, _MOST_WORDS + 1))
        fitting = next((layout for layout in layouts if layout.fits(columns)), None)
        # The widest integers of finite doubles take about 66 words: blocks always fit.
        return fitting or cls.of(left, right, product, ragged=ragged)

    @classmethod
    def of_values(cls, values: Value) -> ProductLayout | None:
        """Return the layout that a certificate's entry stands for; None when it is none."""
        if type(values) is not list or len(values) != _LENGTH:
            return None
        if any(type(value) is not int or value < 0 for value in values):
            return None
        words, block, *bounds = cast("list[int]", values)
        return cls(
            words,
            block,
            ExponentRange(*bounds[0:2]),
            ExponentRange(*bounds[2:4]),
            ExponentRange(*bounds[4:6]),
        )

    def values(self) -> list[Value]:
        """Return what stands in a certificate."""
        ranges = (self.left, self.right, self.product)
        return [self.words, self.block, *(bound for r in ranges for bound in (r.low, r.high))]

    def fits(self, columns: int) -> bool:
        """Whether no lane overflows: `Product.Layout.check` or `.holdsRows` in Lean.

        Parameters
        ----------
        columns : int
            Those of the left matrix.
        """
        if not all(r.valid for r in (self.left, self.right, self.product)):
            return False
        if not 1 <= self.words <= _MOST_WORDS:
            return False
        width = _WORD_BITS * self.words
        if any(r.bits >= width for r in (self.left, self.right, self.product)):
            return False
        if not self.block:
            return self._most_in_lane(columns) <= 1 << (width - 3)
        lanes = _rounded_up(self.block, self.words)
        return (lanes + 1) << (self.left.bits + self.right.bits + 2) <= 1 << (width - 1)

    def _most_in_lane(self, columns: int) -> int:
        unit, own = self.left.low + self.right.low, self.product.low + UNIT_EXPONENT
        products = columns << (self.left.bits + self.right.bits + 3)
        computed = 1 << (self.product.bits + 1)
        return (products << max(unit - own, 0)) + (computed << max(own - unit, 0))

    def cuts(self, columns: int, *, ragged: bool, combine: bool = False) -> bool:
        """Whether rows of so many columns can be cut into blocks, or need not be."""
        if not self.block:
            return combine
        if not 1 <= self.block <= columns:
            return False
        return ragged or columns % self.block == 0


def _rounded_up(number: int, step: int) -> int:
    return (number + step - 1) // step * step


def _whole_block(columns: int) -> int:
    if columns <= _LARGEST_BLOCK:
        return columns
    block = max(d for d in range(1, _LARGEST_BLOCK + 1) if columns % d == 0)
    # Many short blocks take longer than one long one.
    return block if block * 4 > _LARGEST_BLOCK else columns
