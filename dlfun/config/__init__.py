"""What may be asked of a study: options, parsers, search spaces, the claim of a comparison."""
