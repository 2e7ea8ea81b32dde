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


def glue_table(name: str, head: list[str], rows: list[list]) -> None:
    """Store a table, as HTML in the site's style."""
    from IPython.display import HTML

    def line(cells: list, tag: str) -> str:
        """One row of the table."""
        inner = "".join(f"<{tag}>{cell}</{tag}>" for cell in cells)
        return f"<tr>{inner}</tr>"

    body = "".join(line(row, "td") for row in rows)
    table = f"<thead>{line(head, 'th')}</thead><tbody>{body}</tbody>"
    box = "<div class='pst-scrollable-table-container'><table class='table'>"
    glue(name, HTML(f"{box}{table}</table></div>"))
