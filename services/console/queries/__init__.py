"""The read model's questions, asked by JSON and pages alike."""
