"""What the Chinese edition translates besides prose and templates.

Sphinx finds the messages of those. Here are the others: tables, captions, alternative
texts and hints of notebooks, our own HTML, notes on sources, and the words of the live
figures. Each function takes a `translate`, so one walk finds the messages and puts them
in.
"""

import ast
import re
from collections.abc import Callable

Translate = Callable[[str], str]

# What no language changes: roles, code, formulas, tags, addresses, places of numbers.
SAME = re.compile(r"\{[\w:,]+\}`[^`]*`|`[^`]+`|\$[^$]+\$|<[^<>]+>|\]\([^)]*\)|\{\d+\}")
WORDS = re.compile(r"[A-Za-z]{2,}")
NAME = re.compile(
    r"[^\s']*(?:\d|[a-z][A-Z])[^\s']*"
)  # one word such as bfloat16 or LeNet
NUMBER = re.compile(r"(?<![\w{])\d+(?:[.,]\d+)*(?![\w}])", re.ASCII)
PLACE = re.compile(r"\{(\d+)\}")

INSIDE = re.compile(
    r"(<(th|td|p|li|h1|title|text|legend|span|summary|figcaption)\b[^>]*>)"
    r"(.*?)(?=</\2>)",
    re.DOTALL,
)
LABEL = re.compile(r'(?<= aria-label=")[^"]+')
CONTENT = re.compile(r'(?<=content: ")[^"]+')
NOTE = re.compile(r"^(  (?:note|howpublished) += \{)(.+)(?=\},?$)", re.MULTILINE)
UNANSWERED = "not answered yet"
GLUED = "application/papermill.record/text/"

COMMENT = r"//[^\n]*|^import .*|^\s*\"[^\"]*\"(?=:)"  # or a key
LITERAL = r'(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`)'
SAID = re.compile(rf"({COMMENT})|{LITERAL}(?:\s*\+\s*{LITERAL})*", re.MULTILINE)
COMPARED = re.compile(r"(?:[!=]== |\.\w+\()$")
COMPUTED = re.compile(r'\$\{[^{}"]*\}')
SPOKEN = re.compile(r"[A-Za-z]{2,}|\0 ?[,.:;·]")  # words, or a stop after {}


def has_words(message: str) -> bool:
    """Whether a message holds something to translate."""
    plain = SAME.sub("", message).strip()
    return bool(WORDS.search(plain)) and not NAME.fullmatch(plain)


def numbered(text: str, translate: Translate) -> str:
    """Translate a computed text: in its message the numbers are {1}, {2} and so on."""
    numbers = NUMBER.findall(text)
    places = iter(range(1, len(numbers) + 1))
    message = NUMBER.sub(lambda _: f"{{{next(places)}}}", text)
    if not has_words(message):
        return text
    return PLACE.sub(lambda place: numbers[int(place[1]) - 1], translate(message))


def html(text: str, translate: Translate) -> str:
    """Translate what a piece of HTML says."""
    text = LABEL.sub(lambda label: numbered(label[0], translate), text)
    return INSIDE.sub(lambda tag: tag[1] + numbered(tag[3], translate), text)


def html_lines(markdown: str, translate: Translate) -> str:
    """Translate what the lines of HTML in a Markdown text say."""
    lines = markdown.splitlines(keepends=True)
    return "".join(html(s, translate) if s[0] == "<" else s for s in lines)


def bibliography(text: str, translate: Translate) -> str:
    """Translate the notes of a bibliography, which are the book's own words."""
    return NOTE.sub(lambda found: found[1] + translate(found[2]), text)


def style(text: str, translate: Translate) -> str:
    """Translate the words that a stylesheet shows."""
    return CONTENT.sub(lambda content: numbered(content[0], translate), text)


def table(markdown: str, translate: Translate) -> str:
    """Translate the cells of the tables, which are computed, of a Markdown text."""

    def cell(found: re.Match) -> str:
        return numbered(found[0], translate)

    def row(found: re.Match) -> str:
        return re.sub(r"[^\s|](?:[^|]*[^\s|])?", cell, found[0])

    return re.sub(r"^\|.*", row, markdown, flags=re.MULTILINE)


def outputs(cells: list, translate: Translate) -> None:
    """Translate what cells show besides prose and printouts, in place."""
    for cell in cells:
        if cell["cell_type"] == "markdown":
            cell["source"] = html_lines("".join(cell["source"]), translate)
        if cell["cell_type"] == "code":
            metadata(cell["metadata"], translate)
            for output in cell["outputs"]:
                if output.get("text") == [f"{UNANSWERED}\n"]:
                    output["text"] = [f"{translate(UNANSWERED)}\n"]
                data = output.get("data", {})
                for kind in {"text/html", f"{GLUED}html", f"{GLUED}plain"} & set(data):
                    data[kind] = shown(kind, "".join(data[kind]), translate)


def metadata(found: dict, translate: Translate) -> None:
    """Translate alternative text, prompts and hints of a cell, in place."""
    settings = found.get("mystnb", {})
    for place, key in (
        (settings.get("image", {}), "alt"),
        (settings, "code_prompt_show"),
        (settings, "code_prompt_hide"),
    ):
        if key in place:
            place[key] = translate(place[key])
    if exercise := found.get("exercise"):
        exercise["why"] = translate(exercise["why"])
        for hint in (hint for hints in exercise["targets"] for hint in hints):
            hint[2] = hint[2] and translate(hint[2])


def shown(kind: str, text: str, translate: Translate) -> str:
    """Translate an output: HTML, or a text that the prose borrows."""
    if kind.endswith("html"):
        return html(text, translate)
    value = ast.literal_eval(text)
    return repr(numbered(value, translate)) if isinstance(value, str) else text


def script(text: str, translate: Translate) -> str:
    """Translate the strings of a script; in a message ${...} is what it computes."""

    def said(found: re.Match) -> str:
        """Translate one string, or several with + between them."""
        message = "".join(map(template, re.findall(LITERAL, found[0])))
        is_code = found[1] or COMPARED.search(text, 0, found.start())
        if is_code or not SPOKEN.search(COMPUTED.sub("\0", message)):
            return found[0]
        new = translate(message)
        return found[0] if new == message else f"`{new}`"

    return SAID.sub(said, text)


def template(literal: str) -> str:
    """Return what stands in a template in place of a string of JavaScript."""
    if literal[0] == "`":
        return literal[1:-1]
    return literal[1:-1].replace('\\"', '"').replace("`", "\\`").replace("${", "\\${")
