"""Every experiment of the book: what is run, how, and what came out."""
