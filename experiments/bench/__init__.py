"""Speed, side by side with the loop that readers know: `make bench`."""
