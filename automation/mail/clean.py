"""HTML of a mail, fit to be shown in a sandboxed frame: text and its order, and nothing that loads, runs or looks like ours."""

from __future__ import annotations

import nh3

from automation.mail.limits import HTML_LIMIT, is_hostile

TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "div", "dl",
    "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "ol", "p", "pre", "q", "s",
    "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul",
}  # fmt: skip
# Nothing of these is shown, whatever stands in them.
DROPPED = {"script", "style", "title", "template", "noscript", "textarea", "svg", "math", "select", "iframe", "object"}
ATTRIBUTES = {
    "a": {"href", "title"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "ol": {"start"},
}
SCHEMES = {"http", "https", "mailto", "tel"}


def clean_html(html: str) -> str:
    """No images, styles, classes, ids, forms, hx- and data- attributes, nor addresses without a scheme of ours; "" for what
    was made to keep a reader busy, whose text is shown all the same.

    >>> clean_html('<p onclick="x()" hx-get="/w/">Hi <img src=//evil/p.gif><a href="//evil">a</a><script>x()</script></p>')
    '<p>Hi <a rel="noopener noreferrer nofollow">a</a></p>'
    """
    html = html[:HTML_LIMIT]
    if is_hostile(html):
        return ""
    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=DROPPED,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )
