"""Groups of variables, as monitors show them."""

MOST_GROUPS = 24  # more curves in one picture than that nobody reads


def groups_of(variables):
    """Places of variables by the name of their group.

    A group is a variable if there are few; else what lies in one layer, and with more
    layers than MOST_GROUPS, in one layer of layers, and so on.

    Args:
        variables: Keras variables.

    Returns:
        Lists of places in `variables`, by name.
    """
    paths = [variable.path.split("/") for variable in variables]
    if len(paths) > 1 and len({path[0] for path in paths}) == 1:
        paths = [path[1:] or path for path in paths]  # the model's own name
    depth = max((len(path) for path in paths), default=0)
    while depth > 1 and len({"/".join(path[:depth]) for path in paths}) > MOST_GROUPS:
        depth -= 1
    found = {}
    for place, path in enumerate(paths):
        found.setdefault("/".join(path[:depth]), []).append(place)
    return found
