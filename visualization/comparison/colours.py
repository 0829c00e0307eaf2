"""How variants are told apart: the same colour and dash in every drawing."""

# The baseline is gray. The others can be told apart by the colour-blind, and be seen
# on white and on black.
PALETTE = (
    "#7d8590",
    "#d55e00",
    "#2a7fc0",
    "#00966c",
    "#c2649a",
    "#b58900",
    "#7a5cc4",
    "#3aa0a8",
)
N_DASHES = 4  # a colour comes again with another dash


def look_of(index):
    """Colour as #RRGGBB and number of the dash of a variant, the baseline being 0."""
    return PALETTE[index % len(PALETTE)], index // len(PALETTE) % N_DASHES
