"""Pictures of a record, drawn from its files alone."""
