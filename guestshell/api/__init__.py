"""The public classes: a guest for programs and notebooks, asked at once or awaited."""
