r"""How a page of tables looks in TeX and in HTML. What is on the page is decided in `content`.

The TeX is a fragment to \input: plain tabular environments, with booktabs' rules where that package is loaded. The
HTML page is one file without scripts, fonts or styles from elsewhere. Both escape every text.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
import pandas as pd

from pickbench.files import replacing

FORMATS = ("csv", "tex", "html")
EN_DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"


class Cell(NamedTuple):
    """A number as text, its mark ("best", "second" or "") and whether it is the in-domain one among others."""

    text: str
    mark: str = ""
    home: bool = False


class Row(NamedTuple):
    """A titled row; controls are set apart."""

    title: str
    control: bool
    cells: list[Cell]


class Column(NamedTuple):
    """A column's title and, in smaller print, what is known of it; one of sentences breaks its lines."""

    title: str
    note: str = ""
    sentences: bool = False


class Matrix(NamedTuple):
    """One matrix: what it shows, whose it is ("" for all), what its rows are, and the numbers."""

    caption: str
    title: str
    corner: str
    columns: list[Column]
    rows: list[Row]


class Listing(NamedTuple):
    """A text that keeps its lines, under a caption."""

    caption: str
    text: str


class Page(NamedTuple):
    """A titled page of matrices, with notes and listings below."""

    title: str
    matrices: list[Matrix]
    notes: list[str]
    listings: Sequence[Listing] = ()


TEX_SPECIALS = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        # Two line breaks would end a paragraph, which a cell cannot.
        "\n": " ",
        "\r": " ",
        # At the start of a row it would open an optional argument of the line break before it.
        "[": "{[}",
        EN_DASH: "--",
        NO_BREAK: "~",
        "\N{PLUS-MINUS SIGN}": r"$\pm$",
        MINUS: "$-$",
    }
)
TEX_MARKS = {"best": r"\textbf{%s}", "second": r"\underline{%s}", "": "%s"}
TEX_COLUMNS = {False: "r", True: r"p{.35\textwidth}"}
# With booktabs loaded its rules are used, without it plain lines.
TEX_RULES = "".join(rf"\providecommand{{\{rule}rule}}{{\hline}}" for rule in ("top", "mid", "bottom"))


def write_page(table: pd.DataFrame, page: Page, stem: Path) -> None:
    """Write a table as CSV with ids and numbers in full, and the page that shows it as TeX and as HTML.

    Parameters
    ----------
    table, page
        What to write.
    stem
        Path of the files without their suffix.
    """
    write_formats(table.to_csv(index=False, lineterminator="\n"), page, stem)


def write_formats(csv: str, page: Page, stem: Path) -> list[Path]:
    """Write {stem}.csv, and a page as .tex and .html; gives their paths in the order of `FORMATS`."""
    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in FORMATS]
    for path, text in zip(paths, (csv, tex(page), html(page)), strict=True):
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return paths


def columns_of_text(*titles: str) -> list[Column]:
    """Columns that have a title alone."""
    return [Column(title) for title in titles]


def row_of_text(title: str, texts: Iterable[str], *, control: bool = False) -> Row:
    """A row whose cells are neither ranked nor shaded."""
    return Row(title, control, [Cell(text) for text in texts])


def tex(page: Page) -> str:
    """Set a page in TeX."""
    lines = [f"% {page.title}", TEX_RULES]
    for matrix in page.matrices:
        heading = f"{matrix.title}. {matrix.caption}" if matrix.title else matrix.caption
        columns = [column.title.translate(TEX_SPECIALS) for column in matrix.columns]
        below = [column.note.translate(TEX_SPECIALS) for column in matrix.columns]
        lines += [
            rf"\par\medskip\noindent {heading.translate(TEX_SPECIALS)}\par",
            rf"\noindent\begin{{tabular}}{{l{''.join(TEX_COLUMNS[column.sentences] for column in matrix.columns)}}}",
            r"\toprule",
            " & ".join([matrix.corner, *columns]) + r" \\",
            *([" & ".join(["", *below]) + r" \\"] if any(below) else []),
            r"\midrule",
        ]
        for row in matrix.rows:
            title = row.title.translate(TEX_SPECIALS)
            cells = [TEX_MARKS[cell.mark] % cell.text.translate(TEX_SPECIALS) for cell in row.cells]
            lines.append(" & ".join([rf"\textit{{{title}}}" if row.control else title, *cells]) + r" \\")
        lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [rf"\par\medskip\noindent {note.translate(TEX_SPECIALS)}\par" for note in page.notes]
    for listing in page.listings:
        lines.append(rf"\par\medskip\noindent {listing.caption.translate(TEX_SPECIALS)}\par")
        for line in filter(str.strip, listing.text.splitlines()):
            indent = "~" * (len(line) - len(line.lstrip()))
            lines.append(rf"\noindent\texttt{{{indent}{line.strip().translate(TEX_SPECIALS)}}}\par")
    return "\n".join(lines) + "\n"


def html(page: Page) -> str:
    """Set a page in HTML."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(PAGE).render(page=page) + "\n"


PAGE = """\
{%- macro kind(word) %}{% if word %} class="{{ word }}"{% endif %}{% endmacro -%}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ page.title }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0 1.4rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; }
th { font-weight: 500; } thead th { vertical-align: bottom; border-bottom: 1px solid #555; white-space: normal; }
thead { border-top: 2px solid #1a1a1a; } tbody { border-bottom: 2px solid #1a1a1a; }
th:first-child, .sentences { text-align: left; }
.sentences { min-width: 11rem; overflow-wrap: anywhere; }
tr:has(> .sentences) > * { vertical-align: top; white-space: normal; }
th small { display: block; font-weight: 400; color: #666; }
.home { background: #eef1f4; } .control { font-style: italic; color: #555; }
u { text-underline-offset: .2em; }
pre { font-size: .85rem; line-height: 1.35; white-space: pre-wrap; }
.notes { color: #444; font-size: .9rem; max-width: 50rem; }
</style>
</head>
<body>
<h1>{{ page.title }}</h1>
{%- if not page.matrices %}
<p>No results.</p>
{%- endif %}
{%- for matrix in page.matrices %}
{%- if loop.changed(matrix.caption) %}
<h2>{{ matrix.caption }}</h2>
{%- endif %}
<div class="scroll"><table>
{%- if matrix.title %}
<caption>{{ matrix.title }}</caption>
{%- endif %}
<thead><tr><th scope="col">{{ matrix.corner }}</th>
{%- for column in matrix.columns %}<th scope="col"{{ kind("sentences" if column.sentences) }}>
{{- column.title }}<small>{{ column.note }}</small></th>
{%- endfor %}</tr></thead>
<tbody>
{%- for row in matrix.rows %}
<tr{% if row.control %} class="control"{% endif %}><th scope="row">{{ row.title }}</th>
{%- for cell in row.cells %}{% set sentences = matrix.columns[loop.index0].sentences -%}
<td{{ kind("home" if cell.home else "sentences" if sentences) }}>
{%- if cell.mark == "best" %}<b>{{ cell.text }}</b>
{%- elif cell.mark == "second" %}<u>{{ cell.text }}</u>
{%- else %}{{ cell.text }}{% endif %}</td>
{%- endfor %}</tr>
{%- endfor %}
</tbody></table></div>
{%- endfor %}
<div class="notes">
{%- for note in page.notes %}
<p>{{ note }}</p>
{%- endfor %}
</div>
{%- for listing in page.listings %}
<h2>{{ listing.caption }}</h2>
<pre>{{ listing.text }}</pre>
{%- endfor %}
</body>
</html>
"""
