"""Pictures of a record, drawn from its files alone.

They are PNG files for a README or a paper; the page draws its own, as SVG.
"""
