"""The site's workshop: its live figures, its build, its print."""
