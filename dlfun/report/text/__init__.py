"""Tables and sentences for terminals and papers."""
