"""Recording a column: what it does while it is shown something, as a file."""
