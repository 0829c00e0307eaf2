"""The gallery: every figure of the package on one page."""
