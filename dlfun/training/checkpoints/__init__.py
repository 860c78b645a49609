"""What a population has done so far, kept on disk so that it goes on with the same bits."""
