"""Our extensions of Sphinx; _config.yml names them."""
