"""What v1-evaluate does in each room."""
