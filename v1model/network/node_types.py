"""The table of cell types that goes with a node file."""

import re


def node_type_rows(types, model_template, parameter_files):
    """Rows of v1_node_types.csv, in the order of the types.

    Args:
        types: CellTypes.
        model_template: What BMTK runs the cells with.
        parameter_files: File name of the parameters of each type.
    """
    return [
        {
            "node_type_id": type_id,
            "pop_name": name,
            "ei": name[0],
            "location": "VisL" + re.match(r"\d*", name[1:]).group(),
            "model_type": "point_neuron",
            "model_template": model_template,
            "dynamics_params": file,
        }
        for type_id, name, file in zip(
            types.node_type_id, types.pop_name, parameter_files, strict=True
        )
    ]
