"""What the program demo_visualization puts together: column, trials, pictures."""
