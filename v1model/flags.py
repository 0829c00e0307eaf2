"""Command-line flags derived from the config dataclasses.

A flag exists because a config field exists: its name, type, default, choices and
help are those of the field. Nested configs become one flat list of flags. Options that
are checked elsewhere, such as those of a YAML file, can have flags beside them.
"""

import contextlib
import dataclasses
import pathlib
import re
import shutil
import sys
import textwrap
import typing

from absl import flags

_DEFINE = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}
_METAVAR = {int: "INT", float: "NUMBER", str: "TEXT"}
_HELP_COLUMN = 30
_INTERRUPTED = 130  # exit status of a shell's program that Ctrl-C ended
_HELP_REQUESTS = {"--help", "-help", "-h"}


class Flag(typing.NamedTuple):
    """An option as a command line shows it.

    name: With dots, where options are nested.
    kind: bool, int, float, str or tuple.
    default: What it is without the flag; None for nothing.
    help: What it is.
    choices: Its possible values, or None.
    """

    name: str
    kind: type
    default: object
    help: str
    choices: tuple | None = None


class Group(typing.NamedTuple):
    """Flags under one heading of --help."""

    title: str
    flags: list[Flag]


def run(main, config_class):
    """The whole command line of a program: flags, --help, errors, then `main`.

    A wrong flag or an impossible value ends the program with one line and status
    2, before any work; --help lists the options by group and ends with status 0.
    Ctrl-C ends it with one line, too, and the status that a shell expects.

    Args:
        main: Called with the config. The docstring of its module opens --help.
        config_class: The dataclass of `v1model.config` that `main` takes.
    """
    if asks_for_help(sys.argv):
        description = sys.modules[main.__module__].__doc__ or ""
        sys.stdout.write(help_text(config_class, description, sys.argv[0]))
        return
    config = config_from(sys.argv, config_class)
    try:
        main(config)
    except KeyboardInterrupt:
        name = pathlib.Path(sys.argv[0]).stem
        sys.stderr.write(f"{name}: stopped by Ctrl-C\n")
        sys.exit(_INTERRUPTED)


def config_from(argv, config_class):
    """Parses a command line, the program's name first, into a config.

    Raises:
        SystemExit: With status 2 and the reason on stderr, if it cannot be parsed.
    """
    # Own values instead of absl's global ones: no flags of libraries among them, and
    # two programs may share names in one process.
    values = flags.FlagValues()
    define(config_class, values)
    with errors_as_exit(argv):
        _require_none(values(argv)[1:])
        return parse(config_class, values)


def texts_from(argv, groups, config_class, n_arguments=0):
    """Parses a command line with flags that are checked elsewhere.

    Args:
        argv: The program's name, arguments and flags, in any order.
        groups: Group list of the flags whose texts are wanted.
        config_class: Config class of the other flags.
        n_arguments: Arguments without a name, at most.

    Returns:
        The arguments; the config; and of the flags that were given their texts by name,
        in the order of the command line.

    Raises:
        SystemExit: With status 2 and the reason on stderr, if it cannot be parsed.
    """
    values = flags.FlagValues()
    define(config_class, values)
    own = [flag for group in groups for flag in group.flags]
    for flag in own:
        kind = flags.DEFINE_bool if flag.kind is bool else flags.DEFINE_string
        kind(flag.name, None, flag.help, flag_values=values)
    with errors_as_exit(argv):
        arguments = values(argv)[1:]
        _require_none(arguments[n_arguments:])
        config = parse(config_class, values)
    names = [word.lstrip("-").partition("=")[0] for word in argv[1:]]
    names = [*names, *(name.removeprefix("no") for name in names)]
    given = {flag.name: values[flag.name] for flag in own if values[flag.name].present}
    order = sorted(given, key=lambda name: _place(names, name, len(argv) - 1))
    texts = {}
    for name in order:
        value = given[name].value
        texts[name] = str(value).lower() if isinstance(value, bool) else value
    return arguments, config, texts


def _place(names, name, n_words):
    """Which word of the command line gives a flag; those of a flag file come last."""
    return names.index(name) % n_words if name in names else n_words


@contextlib.contextmanager
def errors_as_exit(argv):
    """A wrong option ends the program in its block, with one line and status 2."""
    try:
        yield
    except (flags.Error, ValueError) as error:
        program = pathlib.Path(argv[0]).name
        sys.stderr.write(f"{program}: {error}\n{program} --help lists the flags.\n")
        sys.exit(2)


def _require_none(rest):
    if rest:
        raise flags.Error(
            f"unexpected arguments {' '.join(rest)}; a value is given as "
            "--flag=value, and a switch as --flag or --noflag."
        )


def define(config_class, values):
    """Defines one flat flag for every leaf field of a (nested) config class.

    Raises:
        TypeError: A field has a type that no flag can carry.
    """
    for field, kind in _fields(config_class):
        if dataclasses.is_dataclass(kind):
            define(kind, values)
        else:
            _define_leaf(field, kind, values)


def list_under_help(names, values):
    """Lists flags that a program defines itself under --help, not only --helpfull."""
    for name in names:
        values.register_key_flag_for_module(sys.argv[0], values[name])


def parse(config_class, values):
    """Builds the config from flags that have been parsed.

    Raises:
        ValueError: The config refuses a value.
    """
    kwargs = {}
    for field, kind in _fields(config_class):
        if dataclasses.is_dataclass(kind):
            kwargs[field.name] = parse(kind, values)
        else:
            value = values[field.name].value
            kwargs[field.name] = tuple(value) if isinstance(value, list) else value
    return config_class(**kwargs)


def help_text(config_class, description, program):
    """What --help prints: the options by group, each with its default.

    Args:
        config_class: A (nested) config class; every class in it is one group,
            headed by the first line of its docstring.
        description: Opens the text.
        program: Path or name of the program.
    """
    groups = groups_of(config_class)
    usage = f"{pathlib.Path(program).name} [--flag=value ...]"
    return help_page(description, usage, groups)


def groups_of(config_class):
    """The options of a (nested) config class as Group, one for each class in it."""
    return [
        Group(_title(group), [_flag_of(*one) for one in _leaves(group)])
        for group in _groups(config_class)
    ]


def help_page(description, usage, groups):
    """A page of options, each with its default.

    Args:
        description: Opens the text; paragraphs that are indented, such as examples,
            stay as they are.
        usage: How the program is called.
        groups: Group list.
    """
    width = min(shutil.get_terminal_size().columns, 88)
    lines = []
    for paragraph in re.split(r"\n\s*\n", description.strip("\n")):
        is_example = paragraph.startswith("    ")
        words = " ".join(paragraph.split())
        lines += [paragraph.rstrip()] if is_example else textwrap.wrap(words, width)
        lines.append("")
    lines += [f"usage: {usage}"]
    for group in groups:
        title = f"{group.title}{':' if group.flags else '.'}"
        lines += ["", *textwrap.wrap(title, width)]
        for flag in group.flags:
            lines += _option_lines(flag, width)
    lines += ["", "--flagfile=FILE reads flags from a file, one a line.", ""]
    return "\n".join(lines)


class _NumberList(flags.ArgumentParser):
    """Numbers separated by commas, such as --delays=200,200."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def parse(self, argument):
        if not isinstance(argument, str):
            return [self.number(item) for item in argument]
        try:
            return [self.number(item) for item in argument.split(",") if item.strip()]
        except ValueError:
            kind = "integers" if self.number is int else "numbers"
            raise ValueError(
                f"must be {kind} separated by commas, got {argument!r}."
            ) from None

    def flag_type(self):
        return f"comma separated {self.number.__name__}s"


def _fields(config_class):
    types = typing.get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        yield field, types[field.name]


def _groups(config_class):
    """Nested classes first: what is simulated comes before how it is trained."""
    for _, kind in _fields(config_class):
        if dataclasses.is_dataclass(kind):
            yield from _groups(kind)
    yield config_class


def _leaves(config_class):
    for field, kind in _fields(config_class):
        if not dataclasses.is_dataclass(kind):
            yield field, kind


def _title(group):
    return group.__doc__.splitlines()[0].rstrip(".")


def _flag_of(field, kind):
    info = field.metadata
    kind = tuple if typing.get_origin(kind) is tuple else kind
    return Flag(field.name, kind, field.default, info["help"], info["choices"])


def _define_leaf(field, kind, values):
    name, default, info = field.name, field.default, field.metadata
    common = {"help": info["help"], "flag_values": values}
    item = typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else None
    if info["choices"]:
        flags.DEFINE_enum(name, default, info["choices"], **common)
    elif item is str:
        flags.DEFINE_list(name, list(default), **common)  # absl accepts no tuple
    elif item is not None:
        serializer = flags.CsvListSerializer(",")
        flags.DEFINE(
            _NumberList(item), name, list(default), serializer=serializer, **common
        )
    elif kind in _DEFINE:
        _DEFINE[kind](name, default, **common)
    else:
        raise TypeError(f"option {name} has type {kind}, which no flag can carry.")


def _option_lines(flag, width):
    left = f"  --{flag.name}"
    default = flag.default
    if flag.kind is bool:
        left, shown = f"  --[no]{flag.name}", "on" if default else "off"
    elif flag.kind is tuple:
        left, shown = f"{left}=LIST", ",".join(map(str, default))
    else:
        left = f"{left}={'CHOICE' if flag.choices else _METAVAR[flag.kind]}"
        shown = "none" if default in (None, "") else str(default)
    text = flag.help
    if flag.choices:
        text += f" One of {', '.join(flag.choices)}."
    text = textwrap.wrap(f"{text} [{shown}]", max(width - _HELP_COLUMN, 20))
    if len(left) > _HELP_COLUMN - 2:
        return [left, *(" " * _HELP_COLUMN + line for line in text)]
    rest = (" " * _HELP_COLUMN + line for line in text[1:])
    return [left.ljust(_HELP_COLUMN) + text[0], *rest]


def asks_for_help(argv):
    """Whether a command line asks for --help."""
    before_end = argv[1 : argv.index("--")] if "--" in argv else argv[1:]
    return bool(_HELP_REQUESTS.intersection(before_end))
