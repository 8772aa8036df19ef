"""What a screen reader is given of a page: Chromium's accessibility tree."""

# Roles that somebody acts on, and those that stand for a picture or a part: each needs a name.
CONTROLS = "button link textbox searchbox combobox slider spinbutton checkbox radio tab progressbar"
NAMED = {*CONTROLS.split(), "image", "img", "application", "figure", "region", "table", "tabpanel", "dialog"}


def nodes(page):
    """Return the nodes that are not ignored, as (role, name, description), in the order of the page."""
    session = page.context.new_cdp_session(page)
    found = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    text = [{key: each.get(key, {}).get("value", "") for key in ("role", "name", "description")} for each in found]
    kept = [each for each, node in zip(text, found, strict=True) if not node["ignored"]]
    return [(each["role"], str(each["name"]).strip(), str(each["description"]).strip()) for each in kept]


def faults(tree):
    """Return the nodes of a tree that need a name and have none."""
    return [node for node in tree if node[0] in NAMED and not node[1]]


def levels(page):
    """Return the levels of the headings that are shown, in their order."""
    return page.evaluate(
        "() => [...document.querySelectorAll('h1,h2,h3,h4')].filter((each) => each.checkVisibility())"
        ".map((each) => Number(each.tagName[1]))"
    )
