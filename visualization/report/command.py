"""The command line with which a run goes on."""

import shlex

from visualization.report.contents import BEST, LATEST


def next_command(contents):
    """What can be done with the run, and the command that does it."""
    start = contents.starts[-1]
    replaced = {"run_name": contents.name}
    words = "The command that takes the run up at its last backup:"
    if not contents.has_backup:
        words = "The command that begins the run again:"
    if contents.state == "finished":
        has_best = any(file.name == BEST for file in contents.files)
        weights = str(contents.path / (BEST if has_best else LATEST))
        replaced = {"run_name": f"{contents.name}_2", "restore_from": weights}
        kind = "best" if has_best else "last"
        words = f"The command of a new run that begins with its {kind} weights:"
    lines = command_lines(start.get("command", ""), replaced)
    if "folder" in start:
        lines[0] = f"cd {shlex.quote(start['folder'])} && {lines[0]}"
    return words, " \\\n    ".join(lines)


def command_lines(command, replaced):
    """A command as one line per option, some of the options replaced.

    Args:
        command: As `shlex.join` writes it.
        replaced: Values by name of the option.
    """
    lines = []
    for word in shlex.split(command):
        if word.startswith("-") or not lines:
            lines.append([word])
        else:
            lines[-1].append(word)
    if lines and lines[0][0].endswith(".py"):
        lines[0].insert(0, "python")
    names = [line[0].lstrip("-").partition("=")[0] for line in lines]
    kept = [
        line for line, name in zip(lines, names, strict=True) if name not in replaced
    ]
    added = [[f"--{name}", value] for name, value in replaced.items()]
    return [shlex.join(line) for line in kept + added]
