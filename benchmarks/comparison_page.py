"""Seconds and bytes of the page of a comparison, and until a browser answers on it.

    python benchmarks/comparison_page.py [--neurons 1000,5000] [--runs 12,96]

Made-up runs of six to 48 variants, two seeds each, 100 epochs. "Interactive" is from
opening the file in a headless Chromium until the first neuron under the pointer is
named. Without a browser that is left out.

Results are added to benchmarks/results/comparison_page.csv.
"""
