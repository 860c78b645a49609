"""What a study leaves on disk: written whole or not at all, sealed by checksums, and read back."""
