"""Records of studies on disk: written whole or not at all, sealed by checksums, and read back.

Any reader of CSV, JSON and NumPy's arrays reads them without dlfun.
"""
