"""Hand values and live figures from a notebook to the site."""


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

    box = "<div class='pst-scrollable-table-container'>"
    glue(name, HTML(f"{box}{table(head, rows)}</div>"))


def table(head: list[str], rows: list[list]) -> str:
    """Return a table as HTML."""
    lines = [f"<th>{'</th><th>'.join(map(str, head))}</th>"]
    lines += [f"<td>{'</td><td>'.join(map(str, row))}</td>" for row in rows]
    top, *body = [f"<tr>{line}</tr>" for line in lines]
    inside = f"<thead>{top}</thead><tbody>{''.join(body)}</tbody>"
    return f"<table class='table'>{inside}</table>"


def live(name: str, fallback_html: str, caption: str, **settings: object) -> None:
    """Show a figure that the site's script brings to life.

    `fallback_html` says the same without the script: in JupyterLab, in print, on a
    page without JavaScript. The settings become the figure's data attributes.
    """
    from IPython.display import HTML, display

    data = "".join(f" data-{key}='{value}'" for key, value in settings.items())
    inside = f"{fallback_html}<figcaption>{caption}</figcaption>"
    display(HTML(f"<figure class='play' data-play='{name}'{data}>{inside}</figure>"))
