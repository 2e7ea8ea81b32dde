"""Hand a value from a notebook to the pages of the site."""


def glue(name: str, value: object) -> None:
    """Store `value` under `name` in the cell's output, for the site's pages.

    Silent where MyST-NB, the site's notebook reader, is not installed.
    """
    try:
        from myst_nb import glue as store
    except ImportError:
        return
    store(name, value, display=False)
