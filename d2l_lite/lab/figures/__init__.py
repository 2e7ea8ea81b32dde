"""What the chapters draw: one module for each kind of figure."""
