"""Levels of the source: a module may import from lower ones only."""

# A module may import from strictly lower levels, and from its own folder.
LEVELS = (
    {"options", "params", "rooms"},
    {"distribution_config", "monitoring_config", "task_config"},
    {"config", "flags", "metrics", "atomic", "slurm", "activity", "file_lock"}
    | {"hdf5_files", "yaml_files"},
    {"cluster", "lgn", "losses", "runs", "finite", "disk", "schedules", "tuning"}
    | {"recordings", "event_files", "yaml_settings"},
    {"distribution", "fitting", "network", "presentations"},
    {"engine", "neuropixels", "monitoring", "comparison", "grids"},
    {"stimuli", "models", "decoders", "voltage_networks", "known_v1"},
    {"latent", "cnn"},
    {"assembly", "backup", "callbacks", "simulation", "recorder", "activity_files"},
    {"experiments", "trained_run"},
    {"column_recording", "judging"},
)
VISUALIZATION_LEVELS = (
    {"style", "pages"},
    {"files", "headings"},
    {"architecture", "rooms", "benchmarks", "column", "learning", "nest", "weights"}
    | {"decoding", "presentations", "latent", "cnn", "comparison"},
    {"trial"},
    {"film", "lgn", "logger", "recording", "report", "tasks"},
    {"demo"},
    {"demo_visualization", "gallery"},
)


def levels(names_by_level):
    """Level of each name, counted from the bottom, a dict."""
    return {name: level for level, names in enumerate(names_by_level) for name in names}
